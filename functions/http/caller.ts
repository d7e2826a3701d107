import { type MemberId, memberId } from '#shared/kernel/ids.ts';

/**
 * arn:aws:sts::123456789012:assumed-role/RoleName/i-0123456789abcdef0. For credentials that EC2
 * hands to an instance, the session name is the instance's id, and the instance cannot change it.
 */
const instanceRoleArn =
  /^arn:aws[a-z-]*:sts::\d{12}:assumed-role\/[\w+=,.@-]{1,64}\/(i-[0-9A-Za-z]{1,62})$/;

/** Who a caller is, from its proven ARN; undefined if it is no instance. */
export function memberIdOf(callerArn: string): MemberId | undefined {
  const id = instanceRoleArn.exec(callerArn)?.[1];
  return id === undefined ? undefined : memberId(id);
}
