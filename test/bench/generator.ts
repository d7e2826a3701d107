import type { DialedSession } from '#node-agent/dial/dialed-session.ts';
import { Flow, type FlowCounters, type FlowOptions } from './flow.ts';
import { openSession, type ServerAddress } from './open-session.ts';
import { Pings } from './pings.ts';
import { serveCalls } from './remote-calls.ts';
import type { Login } from './server-under-test.ts';
import { udpFrame } from './udp-frame.ts';

/** A process with sessions on one server, doing with them what a bench asks. */
export type Generator = typeof calls;

interface Connect {
  readonly server: ServerAddress;
  readonly logins: readonly Login[];
  /** Logins under way at a time. */
  readonly atOnce: number;
  /** Station number of the first session. */
  readonly firstStation: number;
}

interface Connected {
  readonly sessions: number;
  /** Times a login was tried again. */
  readonly retries: number;
  readonly ms: number;
}

interface Station {
  readonly session: DialedSession;
  readonly number: number;
}

const stations: Station[] = [];
let flows: Flow[] = [];
let pings: Pings[] = [];
let ended = 0;
const triesMax = 10;

const calls = {
  connect: async ({ server, logins, atOnce, firstStation }: Connect): Promise<Connected> => {
    const startedMs = performance.now();
    let retries = 0;
    const waiting = [...logins.entries()];
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const number = firstStation + next[0];
        retries += await logIn(server, next[1], number);
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, logins.length) }, worker));
    stations.sort((a, b) => a.number - b.number);
    return { sessions: stations.length, retries, ms: performance.now() - startedMs };
  },

  /** One flow from each even to the next odd session. */
  startFlows: ({ pairs, ...options }: FlowOptions & { pairs: number }): void => {
    flows = pairsOf(pairs).map(([from, to]) => {
      announce(to);
      return new Flow(from.session, to.session, [from.number, to.number], options);
    });
    setTimeout(() => {
      for (const flow of flows) flow.start();
    }, 200);
  },

  /** So far, all flows together. */
  counters: (_: null): FlowCounters =>
    flows.reduce(
      (sum, { counters }) => ({
        frames: sum.frames + counters.frames,
        bytes: sum.bytes + counters.bytes,
        lost: sum.lost + counters.lost,
      }),
      { frames: 0, bytes: 0, lost: 0 },
    ),

  stopFlows: (_: null): void => {
    for (const flow of flows) flow.stop();
  },

  startPings: ({ pairs, everyMs }: { pairs: number; everyMs: number }): void => {
    pings = pairsOf(pairs).map(([from, to]) => {
      announce(to);
      return new Pings(from.session, to.session, [from.number, to.number]);
    });
    for (const ping of pings) ping.start(everyMs);
  },

  takeRounds: (_: null): { roundsMs: number[]; lost: number } => {
    const taken = pings.map((ping) => ping.take());
    return {
      roundsMs: taken.flatMap(({ roundsMs }) => roundsMs),
      lost: taken.reduce((sum, { lost }) => sum + lost, 0),
    };
  },

  stopPings: (_: null): void => {
    for (const ping of pings) ping.stop();
  },

  sessions: (_: null): { open: number; ended: number } => ({
    open: stations.length - ended,
    ended,
  }),
};

serveCalls(calls);

/** As often as needed; how often it had to be tried again. */
async function logIn(server: Connect['server'], login: Login, number: number): Promise<number> {
  for (let tries = 0; ; tries += 1) {
    try {
      const onEnd = (): void => {
        ended += 1;
      };
      const session = await openSession(server, login, { deadlineMs: 60_000, onEnd });
      stations.push({ session, number });
      return tries;
    } catch (error) {
      if (tries === triesMax) throw error;
    }
  }
}

/** Let the hub learn where a station is now: one of an earlier run may have had its address. */
function announce({ session, number }: Station): void {
  session.send([udpFrame(0, number, 60)]);
}

function pairsOf(count: number): [Station, Station][] {
  return Array.from({ length: count }, (_, pair) => {
    const [from, to] = stations.slice(2 * pair, 2 * pair + 2);
    if (from === undefined || to === undefined) throw new Error('too few sessions');
    return [from, to];
  });
}
