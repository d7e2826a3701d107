import { createHash } from 'node:crypto';
import { ticketBytes } from '#shared/contract/timing.ts';
import { type SessionName, sessionName } from '#shared/kernel/ids.ts';
import type { Random } from '#shared/kernel/random.ts';

/** A ticket as the client gets it, and as it is stored (ADR 0002). */
export interface Ticket {
  readonly ticket: Buffer;
  readonly digest: string;
}

export function drawTicket(random: Random): Ticket {
  const ticket = random.bytes(ticketBytes);
  return { ticket, digest: ticketDigest(ticket) };
}

/** SHA-256 in lower-case hex: whoever reads the table cannot use what it holds. */
export function ticketDigest(ticket: Uint8Array): string {
  return createHash('sha256').update(ticket).digest('hex');
}

/** Characters of the user's name in a session name: the whole stays well below 255 bytes of key. */
const userCharactersMax = 50;
const suffixBytes = 4;

/** `SID-ALICE-1A2B3C4D`, unique in its hub without a counter that all logins would wait for. */
export function drawSessionName(userName: string, random: Random): SessionName {
  const upper = userName.replace(/[a-z]/g, (letter) => letter.toUpperCase());
  const user = [...upper].slice(0, userCharactersMax).join('');
  return sessionName(`SID-${user}-${random.bytes(suffixBytes).toString('hex').toUpperCase()}`);
}
