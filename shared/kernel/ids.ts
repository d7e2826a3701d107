/** A type that only its own function makes, so that two kinds of id are not mixed up. */
export type Branded<T, Name extends string> = T & { readonly __brand: Name };

/** A machine's name: on AWS the EC2 instance id, proven by the caller's role session name. */
export type MachineId = Branded<string, 'MachineId'>;
/** A member's id: its machine's, and the number of its process there (ADR 0030). */
export type MemberId = Branded<string, 'MemberId'>;
/** A hub's name as its creator wrote it. Compare by {@link hubKey}. */
export type HubName = Branded<string, 'HubName'>;
/** A session's name, unique in its hub over the cluster: `SID-ALICE-1A2B3C4D`. */
export type SessionName = Branded<string, 'SessionName'>;

export const machineId = (text: string): MachineId => text as MachineId;
export const memberId = (text: string): MemberId => text as MemberId;
export const hubName = (text: string): HubName => text as HubName;
export const sessionName = (text: string): SessionName => text as SessionName;

/** Most agent processes of one machine, a member each: they are numbered from 0. */
export const processesMax = 64;

export function isProcessNumber(number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number < processesMax;
}

/** The first process's member is called what its machine is called; no machine's name has a dot. */
export function memberIdOn(machine: MachineId, process: number): MemberId {
  return memberId(process === 0 ? machine : `${machine}.${process}`);
}

export function machineOf(member: MemberId): MachineId {
  return machineId(member.replace(/\.\d+$/, ''));
}

/** Hub and user names compare without regard to (ASCII) case; this is the form stored in keys. */
export function nameKey(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
