import { defaultPolicy, type Policy } from '#shared/wire/policy.ts';

/**
 * A policy as it is stored: what differs from the default, which `policySchema` fills in again. A
 * write costs what its item weighs, and names of fields are most of a policy.
 */
export function policyAttributes(policy: Policy): Readonly<Record<string, boolean | number>> {
  const own = Object.entries(policy).filter(
    ([field, value]) => value !== defaultPolicy[field as keyof Policy],
  );
  return Object.fromEntries(own);
}
