import type { Grant, SeatRef } from '#shared/contract/ticket.ts';
import { ticketTtlMs } from '#shared/contract/timing.ts';
import { hubName, type SessionName } from '#shared/kernel/ids.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import type { Login } from '#shared/wire/login.ts';
import type { Redirect } from '#shared/wire/redirect.ts';
import type { Considered } from '../domain/admission.ts';
import { redirectEffect } from '../domain/named-host.ts';
import { clientTag, seatHeldMs } from '../domain/seat.ts';
import { drawSessionName, drawTicket } from '../domain/ticket.ts';
import { encodeExplanation } from '../store/explanation.ts';
import { hubConfigOf } from '../store/hub-store.ts';
import type { RejectedLogin } from '../store/rejection-store.ts';
import { type Admission, admit } from './admission.ts';
import { type Authentication, authenticate } from './authentication.ts';
import type { FrontDoor, Source } from './front-door.ts';
import { giveBack, takeSeats } from './seating.ts';

export type LoginAnswer =
  | { readonly kind: 'redirect'; readonly redirect: Redirect }
  | { readonly kind: 'reject'; readonly code: number; readonly noSavePassword: boolean };

type Authenticated = Extract<Authentication, { kind: 'authenticated' }>;
type Admitted = Extract<Admission, { kind: 'admitted' }>;

/** As many candidates of one decision are logged, the nearest to being chosen first. */
const consideredLoggedMax = 16;

/** How a login ended. `told`: what its event says beyond who asked. */
type Ending =
  | { readonly kind: 'redirected'; readonly redirect: Redirect; readonly told: Told }
  | {
      readonly kind: 'rejected';
      readonly code: number;
      readonly reason: string;
      readonly told?: Told;
      /** For whoever asks why. */
      readonly explanation?: string;
    };
type Told = Readonly<Record<string, unknown>>;

/** A login ends in a redirect or an error, and in exactly one event that says why. */
export async function logIn(
  frontDoor: FrontDoor,
  login: Login,
  source: Source,
): Promise<LoginAnswer> {
  const { hubName: hub, userName: user } = login;
  const client = `${login.clientStr} ${login.clientVer}/${login.clientBuild}`;
  const facts = { hub, user, source: source.address, requestId: source.requestId, client };
  const who = await authenticate(frontDoor, login, source);
  const proven = who.kind === 'authenticated';
  const ending: Ending = proven ? await sendToMember(frontDoor, login, who) : who;
  if (ending.kind === 'redirected') {
    frontDoor.log.info('login.redirected', { ...facts, ...ending.told });
    return { kind: 'redirect', redirect: ending.redirect };
  }
  const { code, reason, told, explanation } = ending;
  frontDoor.log.info('login.rejected', { ...facts, code, reason, ...told });
  if (reason !== 'unknown-hub') {
    const rejection = { hub: hubName(hub), user, code, reason, source: source.address, client };
    await note(frontDoor, { ...rejection, proven, explanation });
  }
  const { noSavePassword = false } = proven ? who.policy : who;
  return { kind: 'reject', code, noSavePassword };
}

/** Who has proven who they are is sent to a member, if there is a seat and a place for them. */
async function sendToMember(
  frontDoor: FrontDoor,
  login: Login,
  who: Authenticated,
): Promise<Ending> {
  const effect = redirectEffect(login);
  if (effect === 'misroutes') {
    const told = { host: login.serverHostname };
    return rejected(errorCode.notSupported, 'name-configured-client', { told });
  }
  const nowMs = frontDoor.clock.nowMs();
  const issue: Issue = {
    sessionName: drawSessionName(who.userName, frontDoor.random),
    expiresMs: nowMs + ticketTtlMs,
    singleConnection: effect === 'single-connection',
  };
  const seats = await takeSeats(frontDoor, who, login, issue.sessionName, nowMs + seatHeldMs);
  if (seats.kind === 'rejected') return seats;

  const client = clientTag(who.hub.name, who.userName, login.uniqueId);
  const admission = await admit(frontDoor, who.hub, client);
  const { rounds } = admission;
  if (admission.kind !== 'admitted') {
    await giveBack(frontDoor, who, issue.sessionName, seats.refs);
  }
  if (admission.kind === 'contended') {
    return rejected(errorCode.noMemberForHub, 'contended', { told: { rounds } });
  }
  const { considered, reason } = admission;
  const candidates = candidatesOf(considered);
  const explanation = encodeExplanation({
    atMs: nowMs,
    reason,
    rounds,
    looked: considered.length,
    candidates: admission.kind === 'admitted' ? chosenFirst(admission, candidates) : candidates,
  });
  if (admission.kind === 'reject') {
    return rejected(admission.code, reason, { told: { rounds, candidates }, explanation });
  }

  const why = { seats: seats.refs, explanation };
  const { grant, redirect } = await issueTicket(frontDoor, who, admission, issue, why);
  const told = {
    session: grant.sessionName,
    member: admission.member.memberId,
    memberEpoch: admission.member.epoch,
    placementEpoch: admission.placementEpoch,
    reason,
    rounds,
    candidates,
    ...(issue.singleConnection && { singleConnection: true }),
  };
  return { kind: 'redirected', redirect, told };
}

function rejected(
  code: number,
  reason: string,
  more: { readonly told: Told; readonly explanation?: string },
): Ending {
  return { kind: 'rejected', code, reason, ...more };
}

/** What is settled before a member is looked for. */
interface Issue {
  readonly sessionName: SessionName;
  /** Of the ticket, counted from here: its seats are held as long. */
  readonly expiresMs: number;
  readonly singleConnection: boolean;
}

/** Store what the ticket admits to; what the client gets to carry is only the ticket itself. */
async function issueTicket(
  { random, stores }: FrontDoor,
  who: Authenticated,
  { member, placementEpoch, usual }: Admitted,
  { sessionName, expiresMs, singleConnection }: Issue,
  { seats, explanation }: { readonly seats: readonly SeatRef[]; readonly explanation: string },
): Promise<{ readonly grant: Grant; readonly redirect: Redirect }> {
  const { ticket, digest } = drawTicket(random);
  const grant: Grant = {
    sessionName,
    user: who.userName,
    ...(who.groupName !== '' && { group: who.groupName }),
    hub: hubConfigOf(who.hub),
    placementEpoch,
    ...(usual !== undefined && { usual }),
    policy: who.policy,
    sessionTimeoutMs: sessionTimeoutMsOf(who),
    singleConnection,
    message: '', // the hub's, as it is when the ticket is redeemed
    ...(seats.length > 0 && { seats: [...seats] }),
    issuedMs: expiresMs - ticketTtlMs,
    explanation,
  };
  await stores.tickets.put(digest, {
    memberId: member.memberId,
    memberEpoch: member.epoch,
    expiresMs,
    grant,
  });
  const certificate = Buffer.from(member.certificate);
  return { grant, redirect: { address: member.address, ports: member.ports, ticket, certificate } };
}

/** The hub's, or the user's where that is shorter: it decides how soon a dead member is noticed. */
function sessionTimeoutMsOf({ hub, policy }: Authenticated): number {
  const ownMs = policy.timeoutSec * 1_000;
  return ownMs === 0
    ? hub.sessionTimeoutMs
    : Math.max(Math.min(hub.sessionTimeoutMs, ownMs), 2_000);
}

function candidatesOf(considered: readonly Considered[]): readonly Considered[] {
  const rank = (one: Considered): number => (one.verdict === 'eligible' ? one.point : -1);
  return [...considered].sort((a, b) => rank(b) - rank(a)).slice(0, consideredLoggedMax);
}

function chosenFirst(
  { member }: Admitted,
  candidates: readonly Considered[],
): readonly Considered[] {
  const isChosen = (one: Considered): boolean => one.member === member.memberId;
  return [...candidates.filter(isChosen), ...candidates.filter((one) => !isChosen(one))];
}

/** Kept for whoever asks why. The answer to the client does not depend on it. */
async function note(
  { clock, log, stores }: FrontDoor,
  rejection: Omit<RejectedLogin, 'atMs'>,
): Promise<void> {
  try {
    await stores.rejections.note({ ...rejection, atMs: clock.nowMs() });
  } catch (error) {
    log.warn('rejection.not-noted', { error: String(error) });
  }
}
