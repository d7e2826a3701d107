import {
  type AdminCallAnswer,
  type AdminCallRequest,
  type AdminLoginAnswer,
  type AdminLoginRequest,
  rpcAnswerBytesMax,
  rpcCallBytesMax,
} from '#shared/contract/admin-relay.ts';
import type { MemberId } from '#shared/kernel/ids.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { decodePack, encodePack, type Pack, type PackLimits } from '#shared/wire/pack.ts';
import { rpcNonceBytes, rpcRandom } from '#shared/wire/rpc-challenge.ts';
import { sha0Bytes } from '#shared/wire/sha0.ts';
import { WireError } from '#shared/wire/wire-error.ts';
import { AdminError } from '../admin/admin-error.ts';
import { Authenticator } from '../admin/authentication.ts';
import { type Caller, dispatch } from '../admin/dispatch.ts';
import type { Admin } from '../admin/method.ts';
import { checkChallenge } from '../domain/challenge.ts';
import { verifyPassword } from '../domain/credential.ts';
import { sourceKey } from '../domain/throttle.ts';
import { packOf, refusalPack } from './admin-relay-answer.ts';
import { fieldsOf } from './admin-relay-fields.ts';
import {
  type AdminSession,
  adminSessionTtlMs,
  openSession,
  passwordTag,
  sealSession,
} from './admin-relay-session.ts';
import { type AgentApi, type Answer, ok, problem } from './agent-api.ts';

/**
 * Guesses that may come by way of one member within a minute, whatever addresses it names. Each
 * address it names has {@link freeGuesses} of these.
 */
export const freeGuessesOfMember = 200;

/** Of an administrator's call: an access list of some thousand entries is one. */
const callPackLimits: PackLimits = {
  packBytesMax: rpcCallBytesMax,
  elementsMax: 1_024,
  valuesMax: 131_072,
  nameBytesMax: 63,
  valueBytesMax: rpcCallBytesMax,
};

/**
 * An administrator proved a password to a member, which knows no password, over a challenge that
 * this member was given a moment ago: see ADR 0034.
 */
export async function adminLogin(
  api: AgentApi,
  memberId: MemberId,
  { challenge, nonce, hubName, proof, clientAddress }: AdminLoginRequest,
): Promise<Answer<AdminLoginAnswer>> {
  const sourceAddress = clientAddress;
  const as = hubName === '' ? 'server' : `hub ${hubName}`;
  const reject = (reason: string, code: number): Answer<AdminLoginAnswer> => {
    api.log.warn('admin.rejected', { reason, sourceAddress, as, member: memberId });
    return ok({ kind: 'rejected', code });
  };
  const nonceGiven = Buffer.from(nonce, 'base64');
  const answer = Buffer.from(proof, 'base64');
  if (nonceGiven.length !== rpcNonceBytes || answer.length !== sha0Bytes) {
    return problem('invalid-request', 'nonce or proof is of another size');
  }
  const nowMs = api.clock.nowMs();
  const checked = checkChallenge(await api.adminChallengeKey(), memberId, nowMs, challenge);
  if (checked.kind === 'invalid') {
    return reject(`challenge-${checked.reason}`, errorCode.controllerConnectFailed);
  }
  const random = rpcRandom(challenge, nonceGiven);
  const proven = await new Authenticator(api).prove(
    { hub: hubName, isHashOf: (hash) => verifyPassword(hash, answer, random) },
    [
      // Of this member only: what it says about addresses must not lock out anybody elsewhere.
      { key: `${memberId} ${sourceKey(clientAddress)}` },
      { key: memberId, free: freeGuessesOfMember },
    ],
  );
  if (proven.kind === 'throttled') return reject('throttled', errorCode.serverCannotAccept);
  if (proven.kind === 'rejected') return reject(proven.reason, errorCode.accessDenied);
  api.log.info('admin.admitted', { as, sourceAddress, member: memberId });
  const expiresMs = nowMs + adminSessionTtlMs;
  const session = sessionOf(proven, { clientAddress, expiresMs });
  return ok({
    kind: 'admitted',
    session: sealSession(await api.secrets.sealer(), memberId, session),
  });
}

/**
 * One call of an administrator who was admitted, carried out as the same call at `/api` is. Once
 * the password is another one, the session is over, but for who changed it.
 */
export async function adminCall(
  api: AgentApi,
  memberId: MemberId,
  request: AdminCallRequest,
): Promise<Answer<AdminCallAnswer>> {
  const sealer = await api.secrets.sealer();
  const session = openSession(sealer, memberId, request.session, api.clock.nowMs());
  if (session === undefined) return ok({ kind: 'over' });
  const authenticator = new Authenticator(api);
  const stored = await authenticator.stored(session.hub);
  if (stored.kind === 'missing' || passwordTag(stored.hash) !== session.passwordTag) {
    return ok({ kind: 'over' });
  }
  const call = callIn(request.call);
  if (call === undefined) return ok({ kind: 'over' });
  const functionName = call.str('function_name');
  const caller = { admin: stored.admin, sourceAddress: session.clientAddress };
  const answer = await answerOf(api, caller, functionName, call);
  const bytes = encodePack(answer);
  const told =
    bytes.length <= rpcAnswerBytesMax ? bytes : encodePack(refusalPack(errorCode.tooManyItems));
  const renewed = changesPassword(stored.admin, functionName)
    ? await authenticator.stored(session.hub)
    : stored;
  return ok({
    kind: 'answered',
    answer: told.toString('base64'),
    ...(renewed.kind === 'present' &&
      renewed !== stored && {
        session: sealSession(sealer, memberId, sessionOf(renewed, session)),
      }),
  });
}

/** The call, unless it is none. */
function callIn(base64: string): Pack | undefined {
  try {
    return decodePack(Buffer.from(base64, 'base64'), callPackLimits);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

async function answerOf(api: AgentApi, caller: Caller, method: string, call: Pack): Promise<Pack> {
  try {
    const request = { id: '', method, fields: fieldsOf(call, method) };
    return packOf(await dispatch(request, caller, api));
  } catch (error) {
    if (error instanceof AdminError) return refusalPack(error.code);
    throw error;
  }
}

/** Whether the call may have changed the very password that its caller proved. */
function changesPassword(admin: Admin, method: string): boolean {
  return method.toLowerCase() === (admin.kind === 'server' ? 'setserverpassword' : 'sethub');
}

function sessionOf(
  { admin, hash }: { readonly admin: Admin; readonly hash: Buffer },
  { clientAddress, expiresMs }: Pick<AdminSession, 'clientAddress' | 'expiresMs'>,
): AdminSession {
  const hub = admin.kind === 'server' ? '' : admin.hub;
  return { hub, clientAddress, expiresMs, passwordTag: passwordTag(hash) };
}
