import { timing } from '#shared/contract/timing.ts';
import { FakeControlPlane, type TicketOptions } from '#test/support/fake-control-plane.ts';
import { FakeImds } from '#test/support/fake-imds.ts';
import { serveCalls } from './remote-calls.ts';

/** The agent API and the metadata service of a member under test, in a process of their own. */
export type MemberPlane = typeof calls;

interface Grants extends TicketOptions {
  readonly count: number;
}

const plane = await new FakeControlPlane().open();
const imds = await new FakeImds().open();
plane.timing = { ...timing };

const calls = {
  start: ({ redeemDelayMs }: { redeemDelayMs: number }) => {
    plane.redeemDelayMs = redeemDelayMs;
    return { planeUrl: plane.url, imdsUrl: imds.url };
  },
  heartbeats: (_: null) => plane.heartbeats.length,
  issue: ({ count, ...grant }: Grants) =>
    Array.from({ length: count }, () => plane.issue(grant).toString('hex')),
};

serveCalls(calls);
