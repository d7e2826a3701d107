import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import {
  type CertificateKeeper,
  onMessage,
  onRequest,
  removeLimitMs,
  renewedBeforeMs,
} from '#functions/certificate/certificate.ts';
import {
  certificateMessages,
  type ResourceAnswer,
  type ResourceRequest,
} from '#functions/certificate/message.ts';
import type { CertificatePair } from '#functions/store/certificate-store.ts';

const arn = 'arn:aws:acm:eu-central-1:123456789012:certificate/1';
const names = ['front-door.etherfleet.internal', '198.51.100.7'];
const url = 'https://cloudformation.example/response?signature=1';
const startMs = Date.UTC(2026, 0, 1);

const request = (type: ResourceRequest['RequestType'], physicalId?: string): ResourceRequest =>
  certificateMessages.request({
    RequestType: type,
    ResponseURL: url,
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'Certificate',
    ResourceProperties: { ServiceToken: 'arn:lambda', Names: names },
    ...(physicalId !== undefined && { PhysicalResourceId: physicalId }),
  });

/** A store of one certificate, and what was said to whom. */
class Rig {
  nowMs = startMs;
  kept: CertificatePair | undefined;
  isInUse = false;
  isFull = false;
  isCloudFormationDeaf = false;
  replaced = 0;
  readonly answers: ResourceAnswer[] = [];
  readonly sent: string[] = [];

  readonly keeper: CertificateKeeper = {
    certificates: {
      add: async (pair) => {
        if (this.isFull) throw new Error('LimitExceededException: too many certificates');
        this.kept = pair;
        return arn;
      },
      replace: async (_, pair) => {
        this.kept = pair;
        this.replaced += 1;
      },
      endsMs: async () => this.kept && Date.parse(new X509Certificate(this.kept.certPem).validTo),
      remove: async () => {
        if (this.isInUse) return 'in-use';
        const outcome = this.kept === undefined ? 'absent' : 'removed';
        this.kept = undefined;
        return outcome;
      },
    },
    queue: {
      send: async (body) => {
        this.sent.push(body);
      },
    },
    tell: async (address, answer) => {
      assert.equal(address, url);
      if (this.isCloudFormationDeaf) throw new Error('no answer');
      this.answers.push(answer);
    },
    clock: { nowMs: () => this.nowMs, monotonicMs: () => this.nowMs },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  };

  /** Deliver what it sent itself, as the queue does. */
  async deliver(): Promise<void> {
    for (const body of this.sent.splice(0)) {
      await onMessage(this.keeper, certificateMessages.decode(body));
    }
  }

  get lastAnswer(): ResourceAnswer | undefined {
    return this.answers.at(-1);
  }
}

const renewal = certificateMessages.decode(
  JSON.stringify({ kind: 'renew', certificateArn: arn, names }),
);

test('a new certificate names a domain and the addresses; its ARN is the answer', async () => {
  const rig = new Rig();
  await onRequest(rig.keeper, request('Create'));
  assert.equal(rig.lastAnswer?.Status, 'SUCCESS');
  assert.equal(rig.lastAnswer.PhysicalResourceId, arn);
  const certificate = new X509Certificate(rig.kept?.certPem ?? '');
  assert.equal(certificate.checkHost(names[0] ?? ''), names[0]);
  assert.equal(certificate.checkIP('198.51.100.7'), '198.51.100.7');
});

test('CloudFormation hears why nothing was made, and deletes nothing in peace', async () => {
  const rig = new Rig();
  rig.isFull = true;
  await onRequest(rig.keeper, request('Create'));
  assert.equal(rig.lastAnswer?.Status, 'FAILED');
  assert.match(rig.lastAnswer.Reason, /too many certificates/);
  await onRequest(rig.keeper, request('Delete', rig.lastAnswer.PhysicalResourceId));
  assert.equal(rig.lastAnswer.Status, 'SUCCESS');
});

test('a certificate CloudFormation was not told of does not stay behind', async () => {
  const rig = new Rig();
  rig.isCloudFormationDeaf = true;
  await assert.rejects(onRequest(rig.keeper, request('Create')));
  assert.equal(rig.kept, undefined);
});

test('deleting waits, without waiting, until the load balancer lets go', async () => {
  const rig = new Rig();
  await onRequest(rig.keeper, request('Create'));
  rig.isInUse = true;
  await onRequest(rig.keeper, request('Delete', arn));
  await rig.deliver();
  assert.equal(rig.answers.length, 1, 'no answer while it is in use');
  assert.equal(rig.sent.length, 1);
  rig.isInUse = false;
  await rig.deliver();
  assert.equal(rig.lastAnswer?.Status, 'SUCCESS');
  assert.equal(rig.kept, undefined);
});

test('a certificate in use for ever fails its deletion before CloudFormation does', async () => {
  const rig = new Rig();
  await onRequest(rig.keeper, request('Create'));
  rig.isInUse = true;
  await onRequest(rig.keeper, request('Delete', arn));
  rig.nowMs += removeLimitMs;
  await rig.deliver();
  assert.equal(rig.lastAnswer?.Status, 'FAILED');
  assert.deepEqual(rig.sent, []);
});

test('deleting twice succeeds twice', async () => {
  const rig = new Rig();
  await onRequest(rig.keeper, request('Create'));
  await onRequest(rig.keeper, request('Delete', arn));
  await onRequest(rig.keeper, request('Delete', arn));
  assert.deepEqual(
    rig.answers.map(({ Status: status }) => status),
    ['SUCCESS', 'SUCCESS', 'SUCCESS'],
  );
});

test('it is renewed when it is about to end, under the same ARN, and not before', async () => {
  const rig = new Rig();
  await onRequest(rig.keeper, request('Create'));
  const first = rig.kept?.certPem;
  await onMessage(rig.keeper, renewal);
  assert.equal(rig.kept?.certPem, first);
  const endsMs = Date.parse(new X509Certificate(first ?? '').validTo);
  rig.nowMs = endsMs - renewedBeforeMs;
  await onMessage(rig.keeper, renewal);
  assert.notEqual(rig.kept?.certPem, first);
  assert.equal(rig.replaced, 1);
  await onMessage(rig.keeper, renewal);
  assert.equal(rig.replaced, 1, 'the copy of the message finds nothing to do');
});

test('other addresses mean another certificate under the same ARN', async () => {
  const rig = new Rig();
  await onRequest(rig.keeper, request('Create'));
  await onRequest(rig.keeper, request('Update', arn));
  assert.equal(rig.replaced, 1);
  assert.equal(rig.lastAnswer?.PhysicalResourceId, arn);
});
