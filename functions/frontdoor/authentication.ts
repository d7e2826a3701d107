import { hubName, nameKey } from '#shared/kernel/ids.ts';
import { type ErrorCode, errorCode } from '#shared/wire/error-code.ts';
import { isBridge, type Login } from '#shared/wire/login.ts';
import { hashPassword } from '#shared/wire/password.ts';
import { defaultPolicy, type Policy } from '#shared/wire/policy.ts';
import { checkChallenge } from '../domain/challenge.ts';
import {
  administratorPolicy,
  type CredentialReason,
  checkCredential,
  isAdministrator,
  refuseType,
  type StoredAuth,
  verifyPlain,
} from '../domain/credential.ts';
import { adminOption, policyWithin } from '../domain/hub-admin-options.ts';
import { sealContext } from '../domain/sealing.ts';
import { admitsSource } from '../domain/source-list.ts';
import { isAttempt } from '../domain/throttle.ts';
import { sourceListOf } from '../store/hub-rules.ts';
import type { Hub } from '../store/hub-store.ts';
import type { User } from '../store/user-store.ts';
import type { FrontDoor, Source } from './front-door.ts';
import { Throttle } from './throttling.ts';

export type Authentication =
  | {
      readonly kind: 'authenticated';
      readonly hub: Hub;
      /** As stored, which may differ in case from what was typed. */
      readonly userName: string;
      /** Empty: it is in none. */
      readonly groupName: string;
      readonly policy: Policy;
    }
  | Rejection;

export interface Rejection {
  readonly kind: 'rejected';
  readonly code: ErrorCode;
  readonly reason:
    | CredentialReason
    | 'throttled-user'
    | 'throttled-source'
    | 'unknown-hub'
    | 'source-denied'
    | 'hub-offline'
    | 'credential-unreadable'
    | 'user-expired'
    | 'policy-denies-access'
    | 'policy-denies-monitor'
    | 'policy-denies-bridge';
  /** The user's policy does not want passwords kept by clients. */
  readonly noSavePassword?: boolean;
}

/** A user with what it takes to log in as it; `unreadable`: its stored hash does not open. */
interface Account {
  readonly userName: string;
  readonly stored: StoredAuth | 'unreadable';
  readonly groupName: string;
  /** Its own. */
  readonly policy: Policy | undefined;
  readonly expiresMs: number;
}

/** Who logs in and whether they may, in the order of genuine servers (protocol/02 §8). */
export async function authenticate(
  frontDoor: FrontDoor,
  login: Login,
  source: Source,
): Promise<Authentication> {
  const { clock, secrets, stores } = frontDoor;
  const type = refuseType(login.credential);
  if (type.kind === 'rejected') return type;
  const name = hubName(login.hubName);
  const administrator = isAdministrator(login.userName);
  const throttle = new Throttle(frontDoor, login, source);
  const [locked, hub, user, key] = await Promise.all([
    throttle.load(),
    stores.hubs.get(name),
    administrator ? undefined : stores.users.get(name, login.userName),
    secrets.challengeKey(),
  ]);
  // Not 9, upon which Windows clients stop and ask for a password (protocol/08 §4); the same
  // answer whatever the password was, which is not looked at.
  if (locked !== undefined) return rejected(errorCode.accessDenied, `throttled-${locked}`);
  if (hub === undefined) return rejected(errorCode.hubNotFound, 'unknown-hub');
  if (!admitsSource(await sourceListOf(stores, hub), source.address)) {
    return rejected(errorCode.ipDenied, 'source-denied');
  }
  if (!hub.online) return rejected(errorCode.hubStopped, 'hub-offline');

  const account = administrator
    ? await administratorOf(frontDoor, hub)
    : user && (await accountOf(frontDoor, hub, user));
  if (account?.stored === 'unreadable') {
    return rejected(errorCode.internalError, 'credential-unreadable');
  }
  const challenge = checkChallenge(key, source.address, clock.nowMs(), login.serverProductName);
  const check = checkCredential(login.credential, login.userName, account?.stored, challenge);
  if (check.kind === 'rejected') {
    if (isAttempt(check.reason)) await throttle.failed();
    // The user's own policy is at hand; a group's is for who has proven who they are.
    return { ...check, noSavePassword: account?.policy?.noSavePassword ?? false };
  }
  await throttle.succeeded();
  if (account === undefined) return rejected(errorCode.authFailed, 'unknown-user');
  if (adminOption(hub, 'deny_empty_password') !== 0 && isEmpty(account)) {
    return rejected(errorCode.emptyPasswordLocalOnly, 'empty-password-not-local');
  }
  const policy = await policyOf(frontDoor, hub, account);
  const { userName, groupName, expiresMs } = account;
  const refused = refuseByAccount(login, { policy, expiresMs }, clock.nowMs());
  if (refused !== undefined) return { ...refused, noSavePassword: policy.noSavePassword };
  return { kind: 'authenticated', hub, userName, groupName, policy };
}

function isEmpty({ stored, userName }: Account): boolean {
  if (stored === 'unreadable' || stored.kind !== 'password') return false;
  return verifyPlain(stored.hash, '', userName);
}

function refuseByAccount(
  login: Login,
  { policy, expiresMs }: { readonly policy: Policy; readonly expiresMs: number },
  nowMs: number,
): Rejection | undefined {
  if (expiresMs !== 0 && expiresMs <= nowMs) {
    return rejected(errorCode.accessDenied, 'user-expired');
  }
  if (!policy.access) return rejected(errorCode.accessDenied, 'policy-denies-access');
  if (login.requireMonitorMode && !policy.monitorPort) {
    return rejected(errorCode.monitorModeDenied, 'policy-denies-monitor');
  }
  if (isBridge(login) && policy.noBridge && policy.noRouting) {
    return rejected(errorCode.bridgeModeDenied, 'policy-denies-bridge');
  }
  return undefined;
}

/**
 * Its own policy, else its group's, else the default (protocol/06 §4), and of that what the hub's
 * options leave. Looked up for who has proven
 * who it is only: it would take time that tells which users there are.
 */
async function policyOf(
  { stores }: FrontDoor,
  hub: Hub,
  { policy, groupName }: Account,
): Promise<Policy> {
  if (policy !== undefined || groupName === '') return policyWithin(hub, policy ?? defaultPolicy);
  const group = await stores.groups.get(hub.name, groupName);
  return policyWithin(hub, group?.policy ?? defaultPolicy);
}

async function accountOf(frontDoor: FrontDoor, hub: Hub, user: User): Promise<Account> {
  const stored: StoredAuth | 'unreadable' =
    user.auth.kind === 'anonymous'
      ? { kind: 'anonymous' }
      : await opened(
          frontDoor,
          user.auth.sealedKey,
          sealContext.user(nameKey(hub.name), nameKey(user.name)),
        );
  return {
    userName: user.name,
    stored,
    groupName: user.groupName,
    policy: user.policy,
    expiresMs: user.expiresMs,
  };
}

/** The hub's built-in user. A hub without a password has the empty one, which lets nobody in. */
async function administratorOf(frontDoor: FrontDoor, hub: Hub): Promise<Account> {
  const userName = 'administrator';
  const stored: StoredAuth | 'unreadable' =
    hub.sealedSecurePassword === undefined
      ? { kind: 'password', hash: hashPassword('', userName) }
      : await opened(
          frontDoor,
          hub.sealedSecurePassword,
          sealContext.hubSecurePassword(nameKey(hub.name)),
        );
  return { userName, stored, groupName: '', policy: administratorPolicy, expiresMs: 0 };
}

async function opened(
  frontDoor: FrontDoor,
  sealed: Uint8Array,
  context: string,
): Promise<StoredAuth | 'unreadable'> {
  const hash = (await frontDoor.secrets.sealer()).open(sealed, context);
  return hash === undefined ? 'unreadable' : { kind: 'password', hash };
}

function rejected(code: ErrorCode, reason: Rejection['reason']): Rejection {
  return { kind: 'rejected', code, reason };
}
