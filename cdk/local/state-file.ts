import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { lockFile } from './lock-file.ts';
import type { Endpoint } from './options.ts';

/** One member as the state file tells it. */
export interface MemberView {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  /** Process id of its machine; that of the ended process while `state` is `dead`. */
  readonly pid: number;
  /** Process id of the agent on it, another one after each restart. */
  readonly agentPid: number;
  /** The control plane's word; `starting` before it lists the member, `dead` after its process. */
  readonly state: string;
}

/** The state file: what other programs need to know of a running cluster. */
export interface ClusterView {
  readonly ready: true;
  readonly frontDoor: Endpoint;
  readonly admin: { readonly url: string; readonly password: string };
  readonly members: readonly MemberView[];
}

/**
 * A file that is there only while the cluster is ready, always complete, and readable by its owner
 * alone, for it holds the administrator's password.
 */
export class StateFile {
  private readonly path: string;
  private written = '';
  private writing: Promise<void> = Promise.resolve();
  private release: () => Promise<void> = async () => undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** From now on it is this cluster's; what one that was killed has left goes. */
  async claim(): Promise<void> {
    this.release = await lockFile(
      `${this.path}.pid`,
      (pid) =>
        `the cluster of process ${pid} is told of in ${this.path}: end it, or choose another ` +
        'file with --state FILE',
    );
    await rm(this.path, { force: true });
  }

  /** Replace the content, if it changed. */
  write(view: ClusterView): Promise<void> {
    const text = `${JSON.stringify(view)}\n`;
    if (text === this.written) return this.writing;
    this.written = text;
    this.writing = this.writing.then(() => this.replace(text));
    return this.writing;
  }

  /** Take it away: no cluster is ready (any more). */
  async remove(): Promise<void> {
    await this.writing;
    await rm(this.path, { force: true });
    await this.release();
  }

  private async replace(text: string): Promise<void> {
    const fresh = `${this.path}.${process.pid}.tmp`;
    await mkdir(dirname(this.path), { recursive: true });
    await writeFile(fresh, text, { mode: 0o600 });
    await rename(fresh, this.path);
  }
}
