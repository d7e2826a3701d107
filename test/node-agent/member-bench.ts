import { eventually } from '#test/support/eventually.ts';
import { TestAgent, type TestAgentOptions } from '#test/support/test-agent.ts';

/** Run a test on a member that has joined; everything is closed afterwards. */
export async function withMember(
  run: (member: TestAgent) => Promise<void>,
  options: TestAgentOptions = {},
): Promise<void> {
  const member = await new TestAgent(options).start();
  try {
    await until('a heartbeat', () => member.plane.heartbeats.length > 0);
    await run(member);
  } finally {
    await member.close();
  }
}

/** Wait for a fact; the failure names it. */
export function until(fact: string, holds: () => boolean, limitMs = 10_000): Promise<void> {
  return eventually(() => (holds() ? undefined : `waiting for ${fact}`), limitMs);
}
