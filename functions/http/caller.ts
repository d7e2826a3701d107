import { type MachineId, machineId } from '#shared/kernel/ids.ts';

/**
 * arn:aws:sts::123456789012:assumed-role/RoleName/i-0123456789abcdef0. For credentials that EC2
 * hands to an instance, the session name is the instance's id, and the instance cannot change it.
 */
const instanceRoleArn =
  /^arn:aws[a-z-]*:sts::\d{12}:assumed-role\/[\w+=,.@-]{1,64}\/(i-[0-9A-Za-z]{1,59})$/;

/**
 * arn:aws:iam::123456789012:user/etherfleet/berlin: a machine outside AWS is a user of its own
 * below this path, and is called what that is called. No such name looks like an instance's id.
 */
const outsideUserArn =
  /^arn:aws[a-z-]*:iam::\d{12}:user\/etherfleet\/(?!i-)([a-z][0-9a-z-]{1,30})$/;

/** The machine a caller is on, from its proven ARN; undefined if members do not run there. */
export function machineIdOf(callerArn: string): MachineId | undefined {
  const id = instanceRoleArn.exec(callerArn)?.[1] ?? outsideUserArn.exec(callerArn)?.[1];
  return id === undefined ? undefined : machineId(id);
}
