import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RejectLog } from '#node-agent/listener/reject-log.ts';
import { RecordingLog } from '#test/support/test-agent.ts';
import { ManualTime } from '../dial/manual-time.ts';

test('logins that are turned away in a crowd hide no administrator', () => {
  const [time, log] = [new ManualTime(), new RecordingLog()];
  const rejects = new RejectLog(log, time, 2);
  for (let n = 0; n < 10; n++) rejects.warn('login.rejected', 'control-plane-away', {});
  rejects.warn('admin.rejected', 'control-plane-away', { client: 'y' });
  assert.deepEqual(log.of('admin.rejected'), [{ reason: 'control-plane-away', client: 'y' }]);
});

test('a crowd that is turned away fills no log, and hides nobody with another reason', () => {
  const [time, log] = [new ManualTime(), new RecordingLog()];
  const rejects = new RejectLog(log, time, 2);
  for (let n = 0; n < 1_000; n++) rejects.warn('login.rejected', 'no-ticket', { client: 'x' });
  rejects.warn('login.rejected', 'member-full', { client: 'y' });
  time.advance(60_000);
  rejects.warn('login.rejected', 'no-ticket', { client: 'z' });
  assert.deepEqual(log.of('login.rejected'), [
    { reason: 'no-ticket', client: 'x' },
    { reason: 'no-ticket', client: 'x' },
    { reason: 'member-full', client: 'y' },
    { reason: 'no-ticket', client: 'z', suppressed: 998 },
  ]);
});
