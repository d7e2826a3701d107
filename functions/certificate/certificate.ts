import { unreachable } from '#shared/kernel/assert.ts';
import type { Clock } from '#shared/kernel/clock.ts';
import type { Log } from '#shared/kernel/log.ts';
import { selfSignedCertificate } from '#shared/x509/self-signed.ts';
import type { CertificatePair, CertificateStore } from '../store/certificate-store.ts';
import type { DelayQueue } from '../store/delay-queue.ts';
import {
  type CertificateMessage,
  certificateMessages,
  type ResourceAnswer,
  type ResourceRequest,
} from './message.ts';

/** What the certificate function works with. `queue` is its own. */
export interface CertificateKeeper {
  readonly certificates: CertificateStore;
  readonly queue: DelayQueue;
  /** Tell CloudFormation at the address it gave. @throws when it cannot be told. */
  readonly tell: (url: string, answer: ResourceAnswer) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

const dayMs = 86_400_000;
/** Whoever pinned the front door's certificate has to do it again after each renewal: seldom. */
const validDays = 5 * 365;
/** Tried each day from then on. */
export const renewedBeforeMs = 60 * dayMs;
/** A load balancer that is deleted lets go of its certificate within minutes. */
const removeAgainSeconds = 20;
export const removeLimitMs = 600_000;
/** What failed before there was anything. */
const nothing = 'none';

/** CloudFormation creates, changes or deletes the stack's certificate. It is always answered. */
export async function onRequest(
  keeper: CertificateKeeper,
  request: ResourceRequest,
): Promise<void> {
  const { certificates, clock, log } = keeper;
  const arn = request.PhysicalResourceId;
  const names = request.ResourceProperties.Names;
  try {
    switch (request.RequestType) {
      case 'Create': {
        const added = await certificates.add(issued(names, clock.nowMs()));
        log.info('certificate.added', { arn: added });
        return await tellAdded(keeper, request, added);
      }
      case 'Update':
        if (arn === undefined) throw new Error('an update names no certificate');
        await certificates.replace(arn, issued(names, clock.nowMs()));
        return await answer(keeper, request, 'SUCCESS', 'replaced', arn);
      case 'Delete':
        return await remove(keeper, request, clock.nowMs());
      default:
        return unreachable(request.RequestType);
    }
  } catch (error) {
    log.error('certificate.failed', { request: request.RequestType, error: String(error) });
    return answer(keeper, request, 'FAILED', String(error), arn ?? nothing);
  }
}

export async function onMessage(
  keeper: CertificateKeeper,
  message: CertificateMessage,
): Promise<void> {
  switch (message.kind) {
    case 'renew':
      return renew(keeper, message.certificateArn, message.names);
    case 'remove':
      return remove(keeper, message.request, message.sinceMs);
    default:
      return unreachable(message);
  }
}

/** Nobody will ever use a certificate CloudFormation was not told of. */
async function tellAdded(
  keeper: CertificateKeeper,
  request: ResourceRequest,
  arn: string,
): Promise<void> {
  try {
    await answer(keeper, request, 'SUCCESS', 'added', arn);
  } catch (error) {
    await keeper.certificates.remove(arn);
    throw error;
  }
}

async function renew(
  { certificates, clock, log }: CertificateKeeper,
  arn: string,
  names: readonly string[],
): Promise<void> {
  const endsMs = await certificates.endsMs(arn);
  if (endsMs === undefined || endsMs - clock.nowMs() > renewedBeforeMs) return;
  await certificates.replace(arn, issued(names, clock.nowMs()));
  log.warn('certificate.renewed', { arn, endedMs: endsMs });
}

async function remove(
  keeper: CertificateKeeper,
  request: ResourceRequest,
  sinceMs: number,
): Promise<void> {
  const { certificates, clock, log, queue } = keeper;
  const arn = request.PhysicalResourceId ?? nothing;
  if (!arn.startsWith('arn:')) return answer(keeper, request, 'SUCCESS', 'there was none', arn);
  const outcome = await certificates.remove(arn);
  log.info('certificate.removed', { arn, outcome });
  if (outcome !== 'in-use') return answer(keeper, request, 'SUCCESS', outcome, arn);
  if (clock.nowMs() - sinceMs >= removeLimitMs) {
    return answer(keeper, request, 'FAILED', 'a load balancer does not let go of it', arn);
  }
  await queue.send(certificateMessages.remove(request, sinceMs), removeAgainSeconds);
}

function issued(names: readonly string[], nowMs: number): CertificatePair {
  return selfSignedCertificate({ commonName: names[0] ?? '', names, validDays, nowMs });
}

function answer(
  { tell }: CertificateKeeper,
  request: ResourceRequest,
  status: ResourceAnswer['Status'],
  reason: string,
  arn: string,
): Promise<void> {
  const { LogicalResourceId, RequestId, ResponseURL, StackId } = request;
  const ids = { LogicalResourceId, RequestId, StackId, PhysicalResourceId: arn };
  // Amazon S3 takes at most 4 KB of an answer.
  return tell(ResponseURL, { Status: status, Reason: reason.slice(0, 1_000), ...ids });
}
