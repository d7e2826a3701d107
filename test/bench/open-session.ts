import { dial } from '#node-agent/dial/dial.ts';
import type { DialOptions } from '#node-agent/dial/dial-options.ts';
import type { DialedSession } from '#node-agent/dial/dialed-session.ts';
import { systemClock, systemRandom, systemTimers } from '#node-agent/system.ts';
import { silentLog } from '#shared/kernel/log.ts';
import type { Login } from './server-under-test.ts';

/** What a session must know of a server. */
export interface ServerAddress {
  readonly address: string;
  readonly port: number;
  readonly hub: string;
}

/** A session on a server under test; an error if it is not let in. */
export async function openSession(
  server: ServerAddress,
  login: Login,
  more: Partial<DialOptions>,
): Promise<DialedSession> {
  const outcome = await dial({
    ...server,
    user: login.kind === 'password' ? login.user : 'alice',
    credential:
      login.kind === 'ticket'
        ? { kind: 'ticket', ticket: Buffer.from(login.ticketHex, 'hex') }
        : { kind: 'password', password: login.password },
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    log: silentLog,
    ...more,
  });
  if (outcome.kind !== 'connected') throw new Error(JSON.stringify(outcome));
  return outcome.session;
}
