import { amount, someOf, tool, wholeNumbers } from '#test/support/command-line.ts';
import type { MemberOptions } from './member-hub.ts';
import { type ServerName, serverNames } from './server-under-test.ts';

/** What the four benches of the data plane have in common. */
export interface SpeedOptions extends MemberOptions {
  readonly servers: readonly ServerName[];
  readonly runMs: number;
  readonly pairCounts: readonly number[];
  readonly frameSizes: readonly number[];
  readonly sessionCounts: readonly number[];
  /** See `priority.ts`. */
  readonly realTime: boolean;
}

const sessionsMax = 1_000_000;

/** The command line of one of them. */
export function speedOptions(script: string, what: string, seconds: number): SpeedOptions {
  const given = tool(script, what)
    .option('--servers <A,B>', 'whom to measure', someOf(serverNames), serverNames)
    .option('--seconds <N>', 'of each measurement', amount(86_400), seconds)
    .option('--node <PATH>', 'runtime of the member under test', process.execPath)
    .option('--node-options <TEXT>', 'its options, after those it is deployed with', '')
    .option('--program <PATH>', 'a main.mjs bundled earlier, instead of this source')
    .option('--real-time', 'the server and who measures go before all else here', false)
    .option('--session-timeout <SECONDS>', 'as our Welcome names it', amount(86_400), 20)
    .option('--pairs <A,B>', 'bench:throughput: pairs of sessions', wholeNumbers(1, 1_000), [1, 8])
    .option(
      '--sessions <A,B>',
      'bench:sessions: how many',
      wholeNumbers(1, sessionsMax),
      [100, 1_000, 10_000],
    )
    .option(
      '--frames <A,B>',
      'bench:throughput: frame sizes',
      wholeNumbers(60, 1_514),
      [1_500, 512, 64],
    )
    .parse()
    .opts<Given>();
  return {
    servers: given.servers,
    runMs: given.seconds * 1_000,
    node: given.node,
    program: given.program,
    nodeOptions: given.nodeOptions.split(' ').filter(Boolean),
    sessionTimeoutMs: given.sessionTimeout * 1_000,
    redeemDelayMs: 20,
    pairCounts: given.pairs,
    frameSizes: given.frames,
    sessionCounts: given.sessions,
    realTime: given.realTime,
  };
}

interface Given {
  readonly servers: readonly ServerName[];
  readonly seconds: number;
  readonly node: string;
  readonly nodeOptions: string;
  readonly program: string | undefined;
  readonly realTime: boolean;
  readonly sessionTimeout: number;
  readonly pairs: readonly number[];
  readonly sessions: readonly number[];
  readonly frames: readonly number[];
}
