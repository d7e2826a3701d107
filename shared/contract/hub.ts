import * as z from 'zod';
import { accessRuleSchema, accessRulesMax } from './access-rule.ts';
import { hubLogSchema, hubOptionsSchema } from './hub-options.ts';

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
  /** Left out: the defaults. */
  options: hubOptionsSchema.optional(),
  /** Left out: everything passes. */
  accessRules: z.array(accessRuleSchema).max(accessRulesMax).optional(),
  /** Left out: the security log, no packets. */
  log: hubLogSchema.optional(),
});

export type HubConfig = z.infer<typeof hubConfigSchema>;
export type HubKind = HubConfig['kind'];
