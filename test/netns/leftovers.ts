import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from './command.ts';
import { removeControlGroups } from './control-group.ts';

/**
 * Removal of everything a network left on this machine, by its prefix alone: whatever runs in its
 * namespaces, the namespaces, its folder. Synchronous, because it must also work while dying.
 */
export function removeLeftovers(prefix: string): void {
  for (const namespace of namespacesOf(prefix)) killIn(namespace);
  // Killed processes take a moment to leave; a namespace lives until its last one has.
  for (const namespace of namespacesOf(prefix)) removeNamespace(namespace);
  removeControlGroups(prefix);
  rmSync(folderOf(prefix), { recursive: true, force: true });
}

/** Remove one namespace and whatever runs in it. */
export function removeNamespace(namespace: string): void {
  killIn(namespace);
  ip('netns', 'delete', namespace);
}

/** Where a network keeps the state of its hosts. */
export const folderOf = (prefix: string): string => join('/run/etherfleet-netns', prefix);

/** One live network per prefix: a second run at the same time would tear down the first. */
export function claimPrefix(prefix: string): void {
  const file = `${folderOf(prefix)}.pid`;
  if (existsSync(file)) {
    const owner = Number(readFileSync(file, 'utf8'));
    if (owner !== process.pid && isAlive(owner)) {
      throw new Error(`network ${prefix} is in use by process ${owner}; wait for it or end it`);
    }
  }
  removeLeftovers(prefix);
  mkdirSync(folderOf(prefix), { recursive: true });
  writeFileSync(file, String(process.pid));
}

export function releasePrefix(prefix: string): void {
  removeLeftovers(prefix);
  rmSync(`${folderOf(prefix)}.pid`, { force: true });
}

/** Why namespaces cannot be made here, or nothing. */
export async function whyNoNamespaces(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  if (!existsSync('/dev/net/tun')) return '/dev/net/tun is missing';
  try {
    await mustRun(['unshare', '--net', '--mount', 'true']);
    return undefined;
  } catch (error) {
    return `cannot make a namespace: ${String(error)}`;
  }
}

function namespacesOf(prefix: string): string[] {
  return ip('netns', 'list')
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => name.startsWith(`${prefix}-`));
}

function killIn(namespace: string): void {
  for (const line of ip('netns', 'pids', namespace).split('\n')) {
    const pid = Number(line);
    if (pid > 1 && pid !== process.pid) kill(pid);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in between, which is what was wanted.
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function ip(...args: string[]): string {
  try {
    return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return ''; // Gone already: another pass, or the system, removed it first.
  }
}
