import { mustRun } from '#test/netns/command.ts';
import type { ServerUnderTest } from './server-under-test.ts';

/**
 * On a machine that all share, programs that would have one of their own: who measures goes before
 * the server under test, and the server before those who load it (sched(7), `SCHED_RR`).
 */
const priority = { measuring: 2, server: 1 } as const;
/** Those who load it are before whatever else runs here, but give way to themselves. */
const niceness = -15;

/** Put these processes, and what they start, where they belong. */
export async function setPriorities(
  server: ServerUnderTest,
  { measuring, loading }: { measuring: readonly number[]; loading: readonly number[] },
): Promise<void> {
  const pids = await server.pids();
  for (const pid of pids) await goFirst(pid, priority.server);
  for (const pid of measuring) await goFirst(pid, priority.measuring);
  for (const pid of [...loading, ...server.helperPids]) {
    await mustRun(['renice', '--priority', String(niceness), '--pid', String(pid)]);
  }
}

function goFirst(pid: number, level: number): Promise<string> {
  return mustRun(['chrt', '--all-tasks', '--rr', '--pid', String(level), String(pid)]);
}
