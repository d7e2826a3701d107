import { hubName, nameKey } from '#shared/kernel/ids.ts';
import { type ErrorCode, errorCode } from '#shared/wire/error-code.ts';
import type { PasswordChange } from '#shared/wire/password-change.ts';
import { recentChallenges } from '../domain/challenge.ts';
import { verifyPassword, verifyPlain } from '../domain/credential.ts';
import { adminOption } from '../domain/hub-admin-options.ts';
import { sealContext } from '../domain/sealing.ts';
import { admitsSource } from '../domain/source-list.ts';
import { sourceListOf } from '../store/hub-rules.ts';
import type { Hub } from '../store/hub-store.ts';
import type { User } from '../store/user-store.ts';
import type { FrontDoor, Source } from './front-door.ts';
import { Throttle } from './throttling.ts';

/** Others change the user at the same time this often. */
const roundsMax = 3;

/** Why it was not done; `none`: it was. */
type Outcome = readonly [code: ErrorCode, reason: string];

/**
 * A user's own change of password (protocol/02 §7), in the order of genuine servers: guesses at
 * the old password count like those at logins. The answer's number.
 */
export async function changePassword(
  frontDoor: FrontDoor,
  change: PasswordChange,
  source: Source,
): Promise<ErrorCode> {
  const [code, reason] = await outcomeOf(frontDoor, change, source);
  const { hubName: hub, userName: user } = change;
  const facts = { hub, user, source: source.address, requestId: source.requestId };
  if (code === errorCode.none) frontDoor.log.info('password.changed', facts);
  else frontDoor.log.info('password.refused', { ...facts, code, reason });
  return code;
}

async function outcomeOf(
  frontDoor: FrontDoor,
  change: PasswordChange,
  source: Source,
): Promise<Outcome> {
  const { stores } = frontDoor;
  const name = hubName(change.hubName);
  const throttle = new Throttle(frontDoor, change, source);
  const [locked, hub] = await Promise.all([throttle.load(), stores.hubs.get(name)]);
  if (locked !== undefined) return [errorCode.accessDenied, `throttled-${locked}`];
  if (hub === undefined) return [errorCode.hubNotFound, 'unknown-hub'];
  if (!admitsSource(await sourceListOf(stores, hub), source.address)) {
    return [errorCode.ipDenied, 'source-denied'];
  }
  if (adminOption(hub, 'deny_change_user_password') !== 0) {
    return [errorCode.notEnoughRight, 'hub-denies-change'];
  }
  for (let round = 0; round < roundsMax; round += 1) {
    const outcome = await attempt(frontDoor, hub, change, source);
    if (outcome === 'raced') continue;
    if (outcome[0] === errorCode.oldPasswordWrong) await throttle.failed();
    else if (outcome[0] === errorCode.none) await throttle.succeeded();
    return outcome;
  }
  return [errorCode.internalError, 'others kept changing the user'];
}

async function attempt(
  frontDoor: FrontDoor,
  hub: Hub,
  { userName, secureOldPassword, newPassword }: PasswordChange,
  source: Source,
): Promise<Outcome | 'raced'> {
  const { clock, secrets, stores } = frontDoor;
  const user = await stores.users.get(hub.name, userName);
  if (user === undefined) return [errorCode.oldPasswordWrong, 'unknown-user'];
  if (user.auth.kind !== 'password') return [errorCode.userNotPasswordType, 'no-password'];
  const sealer = await secrets.sealer();
  const context = sealContext.user(nameKey(hub.name), nameKey(user.name));
  const hash = sealer.open(user.auth.sealedKey, context);
  if (hash === undefined) return [errorCode.internalError, 'credential-unreadable'];
  const key = await secrets.challengeKey();
  const holds = recentChallenges(key, source.address, clock.nowMs())
    .map((random) => verifyPassword(hash, secureOldPassword, random))
    .includes(true);
  if (!holds) return [errorCode.oldPasswordWrong, 'wrong-password'];
  if (await isFixed(frontDoor, hub, user)) return [errorCode.notEnoughRight, 'password-is-fixed'];
  const deniesEmpty = adminOption(hub, 'deny_empty_password') !== 0;
  if (deniesEmpty && verifyPlain(newPassword, '', user.name)) {
    return [errorCode.notEnoughRight, 'empty-password'];
  }
  const changed: User = {
    ...user,
    version: user.version + 1,
    auth: { kind: 'password', sealedKey: sealer.seal(newPassword, context) },
    updatedMs: clock.nowMs(),
  };
  const written = await stores.users.replace(hub.name, changed, user.version);
  return written ? [errorCode.none, ''] : 'raced';
}

/** FixPassword of its own policy, else of its group's. */
async function isFixed({ stores }: FrontDoor, hub: Hub, user: User): Promise<boolean> {
  if (user.policy !== undefined || user.groupName === '') return user.policy?.fixPassword ?? false;
  const group = await stores.groups.get(hub.name, user.groupName);
  return group?.policy?.fixPassword ?? false;
}
