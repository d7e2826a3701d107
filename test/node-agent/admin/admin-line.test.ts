import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdminLine } from '#node-agent/admin/admin-line.ts';
import { encodeFrame } from '#node-agent/admin/frame-reader.ts';
import type { AdminApi, Answer } from '#node-agent/control/agent-api.ts';
import type { AdminCallAnswer, AdminCallRequest } from '#shared/contract/admin-relay.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { answerPackLimits, decodePack } from '#shared/wire/pack.ts';
import { RecordingLog } from '#test/support/test-agent.ts';
import { ManualTime } from '../dial/manual-time.ts';

const limits = {
  ...{ frameBytesMax: 64, untakenBytesMax: 100 },
  ...{ frameMs: 10, callMs: 20, takeMs: 30, idleMs: 100 },
};
const call = encodeFrame(Buffer.from('a call'));

/** A line whose socket and control plane do what the test says. */
class LineRig {
  readonly time = new ManualTime();
  readonly log = new RecordingLog();
  readonly written: Buffer[] = [];
  readonly asked: { request: AdminCallRequest; deadlineMs: number }[] = [];
  wasEnded = 0;
  hasLeft = 0;
  take: (() => void) | undefined;
  /** Written and not taken. */
  bufferedBytes = 0;
  answer: ((answer: Answer<AdminCallAnswer>) => void) | undefined;
  readonly line: AdminLine;

  constructor() {
    const api: AdminApi = {
      adminLogin: async () => ({ kind: 'unreachable', detail: 'not asked here' }),
      adminCall: (request, deadlineMs) => {
        this.asked.push({ request, deadlineMs });
        return new Promise((resolve) => {
          this.answer = resolve;
        });
      },
    };
    const bufferedBytes = (): number => this.bufferedBytes;
    this.line = new AdminLine({
      ...{ api, session: 'first', address: '192.0.2.1', timers: this.time, log: this.log, limits },
      wire: {
        write: (bytes, onTaken) => {
          this.written.push(bytes);
          this.take = onTaken;
        },
        get bufferedBytes() {
          return bufferedBytes();
        },
        end: () => {
          this.wasEnded += 1;
        },
      },
      onEnded: () => {
        this.hasLeft += 1;
      },
    });
  }

  async answered(answer: Answer<AdminCallAnswer>): Promise<void> {
    this.answer?.(answer);
    await Promise.resolve();
    await Promise.resolve();
  }

  ends(cause: string): void {
    assert.deepEqual(
      this.log.of('admin.closed').map((fields) => fields['cause']),
      [cause],
    );
    assert.deepEqual([this.wasEnded, this.hasLeft, this.time.waiting], [1, 1, 0]);
  }
}

const told = (answer: string, session?: string): Answer<AdminCallAnswer> => ({
  kind: 'ok',
  value: {
    kind: 'answered',
    answer: Buffer.from(answer).toString('base64'),
    ...(session !== undefined && { session }),
  },
});

test('a call goes on as it came, its answer comes back, and so does the next', async () => {
  const rig = new LineRig();
  rig.line.received(call);
  assert.deepEqual(rig.asked, [
    {
      request: { session: 'first', call: Buffer.from('a call').toString('base64') },
      deadlineMs: limits.callMs,
    },
  ]);
  await rig.answered(told('an answer', 'second'));
  assert.deepEqual(rig.written, [encodeFrame(Buffer.from('an answer'))]);
  rig.take?.();
  rig.line.received(call);
  assert.equal(rig.asked[1]?.request.session, 'second');
  rig.line.closed();
  rig.ends('peer-closed');
  await rig.answered(told('too late'));
  assert.equal(rig.written.length, 1);
});

test('nobody calls: it ends after the idle time, counted from the last answer', async () => {
  const rig = new LineRig();
  rig.time.advance(limits.idleMs - 1);
  rig.line.received(call);
  await rig.answered(told('an answer'));
  rig.take?.();
  rig.time.advance(limits.idleMs - 1);
  assert.equal(rig.wasEnded, 0);
  rig.time.advance(1);
  rig.ends('idle');
});

test('a call that is begun has to be sent, and an answer has to be taken', async () => {
  const slow = new LineRig();
  slow.line.received(call.subarray(0, 3));
  slow.time.advance(limits.frameMs - 1);
  slow.line.received(call.subarray(3, 5));
  slow.time.advance(1);
  slow.ends('call-not-sent');

  const deaf = new LineRig();
  deaf.line.received(call);
  await deaf.answered(told('an answer'));
  deaf.time.advance(limits.takeMs);
  deaf.ends('answer-not-taken');
});

test('an answer that is taken late does not stop the clock of the next call', async () => {
  const rig = new LineRig();
  rig.line.received(call);
  await rig.answered(told('an answer'));
  rig.line.received(call.subarray(0, 1));
  rig.take?.();
  rig.time.advance(limits.frameMs);
  rig.ends('call-not-sent');
});

test('who calls on and never takes an answer is left with so many bytes of them', async () => {
  const rig = new LineRig();
  rig.line.received(call);
  await rig.answered(told('x'.repeat(96)));
  rig.bufferedBytes = limits.untakenBytesMax;
  rig.line.received(call);
  await rig.answered(told('x'));
  rig.bufferedBytes += 5;
  rig.line.received(call);
  assert.equal(rig.asked.length, 2);
  rig.ends('answer-not-taken');
});

test('too long a frame, and one before the answer, end it', () => {
  const long = new LineRig();
  long.line.received(Buffer.from('000000ff', 'hex'));
  long.ends('pack-over-limit');
  const hasty = new LineRig();
  hasty.line.received(call);
  hasty.line.received(call);
  hasty.ends('message-field-invalid');
  hasty.line.received(call);
  assert.equal(hasty.asked.length, 1);
});

test('a control plane that does not answer is an error, one that says so is the end', async () => {
  const rig = new LineRig();
  rig.line.received(call);
  await rig.answered({ kind: 'unreachable', detail: 'a deadline' });
  const pack = decodePack(rig.written[0]?.subarray(4) ?? Buffer.alloc(0), answerPackLimits);
  assert.equal(pack.int('error'), errorCode.controllerConnectFailed);
  rig.take?.();
  rig.line.received(call);
  await rig.answered({ kind: 'ok', value: { kind: 'over' } });
  rig.ends('session-over');
});
