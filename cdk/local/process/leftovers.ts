import { isRunning, type ProcessMark } from './started.ts';

/**
 * End machines an earlier run left behind, with all they run. The reaper did that already, unless
 * it was killed too.
 */
export function endLeftovers(marks: readonly ProcessMark[]): void {
  for (const mark of marks) {
    if (!isRunning(mark)) continue;
    for (const target of [-mark.pid, mark.pid]) {
      try {
        process.kill(target, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }
}
