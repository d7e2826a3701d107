import { randomBytes, randomInt } from 'node:crypto';
import { type DestinationStream, destination, pino } from 'pino';
import type { Clock, Timers } from '#shared/kernel/clock.ts';
import type { Log } from '#shared/kernel/log.ts';
import type { Random } from '#shared/kernel/random.ts';

/** The machine's own clock, timers and randomness; everything else is handed them. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** Zero of this thread's monotonic clock, on the one clock that all threads share. */
export const clockZeroMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** The monotonic clock of the thread whose zero is given, in this one. */
export function clockOfThread(zeroMs: number): Clock {
  const aheadMs = clockZeroMs - zeroMs;
  return { nowMs: () => Date.now(), monotonicMs: () => performance.now() + aheadMs };
}

export const systemTimers: Timers = {
  after(delayMs, action) {
    const timer = setTimeout(action, Math.ceil(delayMs));
    return () => clearTimeout(timer);
  },
};

const fractionSteps = 2 ** 32;

export const systemRandom: Random = {
  bytes: (size) => randomBytes(size),
  fraction: () => randomInt(fractionSteps) / fractionSteps,
};

export const atEndOfTurn = (action: () => void): void => {
  setImmediate(action);
};

/** Log lines that could not be written yet; beyond, they are lost. */
const logBytesMax = 1024 * 1024;

/**
 * Standard output, for the log. What cannot be written, because a disk is full, waits for the next
 * line: it is no reason to end sessions.
 */
export function systemOutput(): DestinationStream {
  const output = destination({ dest: 1, sync: true, maxLength: logBytesMax });
  output.on('error', () => undefined);
  return output;
}

/**
 * JSON lines; the event's name is `event`. Nothing that is secret is ever handed to it. The number
 * of the process tells the lines of a machine's agents apart.
 */
export function systemLog(destination: DestinationStream, process: number): Log {
  const base = { process };
  const logger = pino({ base, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  return {
    info: (event, fields) => logger.info({ event, ...fields }),
    warn: (event, fields) => logger.warn({ event, ...fields }),
    error: (event, fields) => logger.error({ event, ...fields }),
  };
}

export function environmentVariable(name: string): string | undefined {
  // biome-ignore lint/style/noProcessEnv: the one place where this process reads its environment
  return process.env[name];
}
