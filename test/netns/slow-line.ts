import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { mustRun } from './command.ts';
import type { Undo } from './cut.ts';
import type { Host } from './host.ts';

export interface LineQuality {
  /** Each way. */
  readonly delayMs: number;
  readonly lossPercent: number;
}

const script = fileURLToPath(new URL('line.pl', import.meta.url));
const bridge = 'slow';
/** Any; the same losses in each run. */
const seed = 1;

/**
 * Make the way between these hosts and everybody else slow and lossy, each way, until undone: by
 * `tc netem` on their cables, or, in a kernel that was built without, by a switch of their own
 * behind a line that does it.
 */
export async function slowDown(hosts: readonly Host[], quality: LineQuality): Promise<Undo> {
  const rule = ['netem', 'delay', `${quality.delayMs}ms`, 'loss', `${quality.lossPercent}%`];
  const cables = hosts.flatMap((host) => host.cableEnds());
  try {
    for (const [namespace, device] of cables) {
      await tc(namespace, 'replace', device, ...rule);
    }
  } catch (error) {
    if (!/qdisc kind is unknown/.test(String(error))) throw error;
    return moveBehindLine(hosts, quality);
  }
  return async () => {
    for (const [namespace, device] of cables) await tc(namespace, 'del', device);
  };
}

async function tc(namespace: string, verb: string, device: string, ...rule: string[]) {
  await mustRun(['tc', '-n', namespace, 'qdisc', verb, 'dev', device, 'root', ...rule]);
}

async function moveBehindLine(hosts: readonly Host[], quality: LineQuality): Promise<Undo> {
  const ports = hosts.flatMap((host) => host.cableEnds().slice(1));
  const [namespace = ''] = ports[0] ?? [];
  const numbers = [quality.delayMs / 1_000, quality.lossPercent, seed].map(String);
  const argv = ['perl', script, 'near', 'far', ...numbers];
  const line = spawn('ip', ['netns', 'exec', namespace, ...argv], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [ready] = await once(createInterface({ input: line.stdout }), 'line');
  if (ready !== 'ready') throw new Error(`the line says ${ready}`);
  const ip = (...args: string[]) => mustRun(['ip', '-n', namespace, 'link', ...args]);
  await ip('add', bridge, 'type', 'bridge', 'mcast_snooping', '0');
  await ip('set', bridge, 'up');
  await ip('set', 'near', 'master', bridge, 'up');
  await ip('set', 'far', 'master', 'br0', 'up');
  for (const [, port] of ports) await ip('set', port, 'master', bridge);
  return async () => {
    for (const [, port] of ports) await ip('set', port, 'master', 'br0');
    await ip('del', bridge);
    const ended = once(line, 'exit');
    line.kill('SIGKILL');
    await ended;
  };
}
