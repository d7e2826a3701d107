import { existsSync } from 'node:fs';
import { ControlGroup, whyNoControlGroups } from './control-group.ts';
import type { Host } from './host.ts';

/** End what was begun. */
export type Undo = () => Promise<void>;

/** What `ss` tells of one socket: local address and port, then its owners. */
const socketPattern = /^\d+\s+\d+\s+(\S+):(\d+)\s.*$/;

let tables = 0;

/** Why packets cannot be dropped here, or nothing. */
export function whyNoDrops(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(':');
  if (folders.some((folder) => existsSync(`${folder}/nft`))) return undefined;
  return 'nft is missing; Debian has it: apt-get install -y --no-install-recommends nftables';
}

/** Why processes cannot be cut off here, or nothing. */
export function whyNoCuts(): string | undefined {
  return whyNoDrops() ?? whyNoControlGroups();
}

/** Drop, without a word to anybody, what comes to a host or leaves it and matches a condition. */
export async function dropSilently(host: Host, conditions: readonly string[]): Promise<Undo> {
  tables += 1;
  const table = `inet drop${tables}`;
  const rules = conditions.map((condition) => `${condition} drop`).join('; ');
  const chains = ['input', 'output'].map(
    (hook) => `chain ${hook} { type filter hook ${hook} priority 0; ${rules}; }`,
  );
  await host.onNetwork(['nft', `table ${table} { ${chains.join('; ')}; }`]);
  return async () => {
    await host.onNetwork(['nft', `delete table ${table}`]);
  };
}

/**
 * Pull the cable of processes that share a host with others: what goes to their address, what they
 * have open and what they open from now on is silence, on loopback too, in both directions.
 */
export async function cutOff(host: Host, pids: readonly number[], address: string): Promise<Undo> {
  const group = new ControlGroup(`${host.namespace}-cut`);
  group.add(pids);
  const sockets = await host.mustExec(['ss', '-Htnp', 'state', 'established']);
  const open = sockets.split('\n').filter((line) => pids.some((pid) => owns(pid, line)));
  const undo = await dropSilently(host, [
    `ip saddr ${address}`,
    `ip daddr ${address}`,
    `socket cgroupv2 level 1 "${group.name}"`,
    ...open.flatMap(conditionsOf),
  ]);
  return async () => {
    await undo();
    group.remove();
  };
}

function owns(pid: number, line: string): boolean {
  return line.includes(`pid=${pid},`);
}

/** Both directions of a socket that was open before its owner came into the group. */
function conditionsOf(line: string): string[] {
  const [, local, port] = socketPattern.exec(line.trim()) ?? [];
  if (local === undefined || port === undefined) return [];
  const address = local.replace(/^\[::ffff:(.*)\]$/, '$1');
  return [`ip saddr ${address} tcp sport ${port}`, `ip daddr ${address} tcp dport ${port}`];
}
