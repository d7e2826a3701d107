import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A small process that outlives this one just long enough to end its children. */
export class Reaper {
  private readonly child: ChildProcess;

  constructor() {
    this.child = fork(fileURLToPath(new URL('reaper.mjs', import.meta.url)), {
      detached: true, // Ctrl-C in the terminal must not reach it
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
    });
    this.child.unref();
    this.child.channel?.unref();
    this.child.on('error', () => undefined); // without it, only a crash of ours leaves processes
  }

  /** End `child` if this process ends first. */
  watch(child: ChildProcess): void {
    const { pid } = child;
    if (pid === undefined) return;
    this.tell({ add: pid });
    child.once('exit', () => this.tell({ remove: pid }));
  }

  /** All children are gone: so is the reaper. */
  stop(): void {
    if (this.child.connected) this.child.disconnect();
  }

  private tell(message: { add: number } | { remove: number }): void {
    if (this.child.connected) this.child.send(message, () => undefined);
  }
}
