import * as z from 'zod';
import { defaultPolicy, type Policy } from '#shared/wire/policy.ts';

/** Any number or flag of the wire's policy; fields left out take the default. */
export const policySchema: z.ZodType<Policy> = z
  .record(z.string(), z.union([z.boolean(), z.number().int().nonnegative()]))
  .transform((given, context): Policy => {
    const merged: Record<string, boolean | number> = { ...defaultPolicy };
    for (const [field, value] of Object.entries(given)) {
      if (!(field in defaultPolicy) || typeof merged[field] !== typeof value) {
        context.addIssue({ code: 'custom', message: `no policy field ${field} of that type` });
        continue;
      }
      merged[field] = value;
    }
    return merged as unknown as Policy;
  });
