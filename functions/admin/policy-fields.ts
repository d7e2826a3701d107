import { errorCode } from '#shared/wire/error-code.ts';
import { defaultPolicy, type Policy, policyFields } from '#shared/wire/policy.ts';
import { AdminError } from './admin-error.ts';
import type { Fields } from './fields.ts';
import type { RpcObject } from './rpc-object.ts';

/** Bounds of the numbers that have any; 0 means the default where it lies outside. */
const ranges: Readonly<Partial<Record<keyof Policy, readonly [low: number, high: number]>>> = {
  maxConnection: [1, 32],
  timeoutSec: [5, 60],
  vlanId: [0, 4_095],
};

/** `policy:*` as given, and `base` where nothing is given. */
export function readPolicyFields(fields: Fields, base: Policy): Policy {
  const read = policyFields.map(({ field, wireName, kind }) => {
    const name = `policy:${wireName}_${kind === 'bool' ? 'bool' : 'u32'}`;
    if (kind === 'bool') return [field, fields.flag(name) ?? base[field]];
    return [field, inRange(field, name, fields.number(name) ?? Number(base[field]))];
  });
  return Object.fromEntries(read) as unknown as Policy;
}

/** The policy of its own that a user or group is to have; `UsePolicy_bool` false takes it away. */
export function givenPolicy(fields: Fields, seen: Policy | undefined): Policy | undefined {
  const given = fields.flag('UsePolicy_bool') ?? seen !== undefined;
  return given ? readPolicyFields(fields, seen ?? defaultPolicy) : undefined;
}

export function writePolicyFields(policy: Policy): RpcObject {
  const written = policyFields.map(({ field, wireName, kind }): [string, boolean | number] => [
    `policy:${wireName}_${kind === 'bool' ? 'bool' : 'u32'}`,
    policy[field],
  ]);
  return { ...Object.fromEntries(written), 'policy:Ver3_bool': true };
}

function inRange(field: keyof Policy, name: string, value: number): number {
  const [low, high] = ranges[field] ?? [0, 0xffff_ffff];
  if (value === 0 && low > 0) return Number(defaultPolicy[field]);
  if (value >= low && value <= high) return value;
  throw new AdminError(errorCode.invalidParameter, `${name} is not between ${low} and ${high}`);
}
