/** A type that only its own function makes, so that two kinds of id are not mixed up. */
export type Branded<T, Name extends string> = T & { readonly __brand: Name };

/** A member's id: on AWS the EC2 instance id, proven by the caller's role session name. */
export type MemberId = Branded<string, 'MemberId'>;
/** A hub's name as its creator wrote it. Compare by {@link hubKey}. */
export type HubName = Branded<string, 'HubName'>;
/** A session's name, unique in its hub over the cluster: `SID-ALICE-1A2B3C4D`. */
export type SessionName = Branded<string, 'SessionName'>;

export const memberId = (text: string): MemberId => text as MemberId;
export const hubName = (text: string): HubName => text as HubName;
export const sessionName = (text: string): SessionName => text as SessionName;

/** Hub and user names compare without regard to (ASCII) case; this is the form stored in keys. */
export function nameKey(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
