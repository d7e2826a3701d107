import { z } from 'zod';

export const hubNameSchema = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[!-~ ]+$/, 'printable ASCII only');

/** What a member must know of a hub to run an instance of it. */
export const hubConfigSchema = z.object({
  name: hubNameSchema,
  kind: z.enum(['static', 'dynamic']),
  /** Grows with every change an administrator makes. */
  version: z.number().int().nonnegative(),
  online: z.boolean(),
});

export type HubConfig = z.infer<typeof hubConfigSchema>;
export type HubKind = HubConfig['kind'];
