import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';

/** Where `nft` looks for control groups. */
const nftRoot = '/sys/fs/cgroup';

/** A set of processes by which packets can be told apart: sockets remember who made them. */
export class ControlGroup {
  /** As `nft` names it. */
  readonly name: string;
  readonly #folder: string;

  constructor(name: string) {
    const root = mountPoint();
    if (root === undefined) throw new Error(obstacle);
    this.#folder = join(root, name);
    this.name = relative(nftRoot, this.#folder);
    mkdirSync(this.#folder, { recursive: true });
  }

  /** Sockets these processes make from now on belong to the group. */
  add(pids: readonly number[]): void {
    for (const pid of pids) writeFileSync(join(this.#folder, 'cgroup.procs'), String(pid));
  }

  /** Give its processes back to everybody's group. */
  remove(): void {
    removeFolder(this.#folder);
  }
}

const obstacle = 'this system has no control groups of version 2 (a cgroup2 mount)';

export function whyNoControlGroups(): string | undefined {
  return mountPoint() === undefined ? obstacle : undefined;
}

/** Remove the groups whose names begin with a network's prefix. */
export function removeControlGroups(prefix: string): void {
  const root = mountPoint();
  if (root === undefined) return;
  for (const name of readdirSync(root)) {
    if (name.startsWith(`${prefix}-`)) removeFolder(join(root, name));
  }
}

function removeFolder(folder: string): void {
  if (!existsSync(folder)) return;
  const everybody = join(folder, '..', 'cgroup.procs');
  for (const pid of readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n')) {
    try {
      if (pid !== '') writeFileSync(everybody, pid);
    } catch {
      // It ended in between.
    }
  }
  rmdirSync(folder);
}

function mountPoint(): string | undefined {
  const mounts = readFileSync('/proc/self/mounts', 'utf8');
  return /^\S+ (\S+) cgroup2 /m.exec(mounts)?.[1];
}
