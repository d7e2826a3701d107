import { parseArgs } from 'node:util';
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

const usage = `
  --servers A,B         of ${serverNames.join(', ')} (default: both)
  --seconds N           of each measurement
  --node PATH           runtime of the member under test (default: this one)
  --node-options "..."  its options, after those it is deployed with
  --program PATH        a main.mjs bundled earlier, instead of this source
  --real-time           the server and who measures go before everything else on this machine
  --session-timeout N   seconds our Welcome names (default 20, as the genuine server)
  --pairs A,B           bench:throughput: pairs of sessions (default 1,8)
  --sessions A,B        bench:sessions: how many (default 100,1000,10000)
  --frames A,B          bench:throughput: frame sizes (default 1500,512,64)
`;

/** The command line; undefined after `--help`. */
export function speedOptions(what: string, seconds: number): SpeedOptions | undefined {
  const { values } = parseArgs({
    options: {
      servers: { type: 'string', default: serverNames.join() },
      seconds: { type: 'string', default: String(seconds) },
      node: { type: 'string', default: process.execPath },
      'node-options': { type: 'string', default: '' },
      program: { type: 'string' },
      'real-time': { type: 'boolean', default: false },
      'session-timeout': { type: 'string', default: '20' },
      pairs: { type: 'string', default: '1,8' },
      sessions: { type: 'string', default: '100,1000,10000' },
      frames: { type: 'string', default: '1500,512,64' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${what}\n${usage}`);
    return undefined;
  }
  return {
    servers: serverNames.filter((name) => values.servers.split(',').includes(name)),
    runMs: Number(values.seconds) * 1000,
    node: values.node,
    program: values.program,
    nodeOptions: values['node-options'].split(' ').filter(Boolean),
    sessionTimeoutMs: Number(values['session-timeout']) * 1000,
    redeemDelayMs: 20,
    pairCounts: values.pairs.split(',').map(Number),
    frameSizes: values.frames.split(',').map(Number),
    sessionCounts: values.sessions.split(',').map(Number),
    realTime: values['real-time'],
  };
}
