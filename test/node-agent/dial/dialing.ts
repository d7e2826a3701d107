import { dial } from '#node-agent/dial/dial.ts';
import { DialError, type DialFailure } from '#node-agent/dial/dial-error.ts';
import type { DialOptions } from '#node-agent/dial/dial-options.ts';
import type { DialedSession } from '#node-agent/dial/dialed-session.ts';
import { systemClock, systemRandom, systemTimers } from '#node-agent/system.ts';
import { silentLog } from '#shared/kernel/log.ts';
import { eventually } from '#test/support/eventually.ts';

/** On loopback everything but a named wait happens well within this. */
export const soonMs = 5_000;

/** Alice with her password at a server on loopback. */
export function dialOptions(port: number, more: Partial<DialOptions> = {}): DialOptions {
  return {
    address: '127.0.0.1',
    port,
    hub: 'OFFICE',
    user: 'alice',
    credential: { kind: 'password', password: 'pw' },
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    log: silentLog,
    additionalConnectEveryMs: 30,
    ...more,
  };
}

export async function dialed(
  port: number,
  more: Partial<DialOptions> = {},
): Promise<DialedSession> {
  const outcome = await dial(dialOptions(port, more));
  if (outcome.kind !== 'connected') throw new Error(`not connected: ${JSON.stringify(outcome)}`);
  return outcome.session;
}

/** The failure of an attempt that must fail. */
export async function failureOf(attempt: Promise<unknown>): Promise<DialFailure> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof DialError) return error.failure;
    throw error;
  }
  throw new Error('it did not fail');
}

export function becomes(
  what: string,
  actual: () => unknown,
  expected: unknown,
  limitMs = soonMs,
): Promise<void> {
  return eventually(() => {
    const value = JSON.stringify(actual());
    return value === JSON.stringify(expected) ? undefined : `${what} is ${value}`;
  }, limitMs);
}

/** Sockets and servers of this process; its output does not count. */
export function openHandles(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => /TCP|TLS/.test(kind));
}
