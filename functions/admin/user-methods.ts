import { nameKey } from '#shared/kernel/ids.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { hashPassword } from '#shared/wire/password.ts';
import { mostOf } from '../domain/hub-admin-options.ts';
import { sealContext } from '../domain/sealing.ts';
import { type User, usersMax } from '../store/user-store.ts';
import { AdminError } from './admin-error.ts';
import { countOf } from './bounded-parallel.ts';
import type { Fields } from './fields.ts';
import { readHash } from './hub-password.ts';
import type { HubCall } from './method.ts';
import { nameCharsMax, passwordCharsMax, validUserName } from './names.ts';
import { givenPolicy } from './policy-fields.ts';
import type { RpcObject } from './rpc-object.ts';
import { describedUser, listedUser } from './user-fields.ts';

const roundsMax = 5;

export async function createUser(call: HubCall): Promise<RpcObject> {
  const { ports, fields, hub } = call;
  const { users } = ports.stores;
  const name = validUserName(fields.text('Name_str') ?? '');
  const nowMs = ports.clock.nowMs();
  const auth = await readAuth(call, name, undefined);
  const policy = givenPolicy(fields, undefined);
  const user: User = {
    name,
    version: 1,
    ...(await readTexts(call)),
    auth,
    ...(policy !== undefined && { policy }),
    expiresMs: fields.time('ExpireTime_dt') ?? 0,
    createdMs: nowMs,
    updatedMs: nowMs,
    logins: 0,
    lastLoginMs: 0,
  };
  if ((await users.get(hub.name, name)) !== undefined) throw userExists();
  const most = mostOf(hub, 'max_users', usersMax);
  if ((await countOf(users.list(hub.name))) >= most) {
    throw new AdminError(errorCode.tooManyUsers, `the hub has ${most} users`);
  }
  if (!(await users.create(hub.name, user)) && !isOurs(await users.get(hub.name, name), user)) {
    throw userExists();
  }
  return describedUser(hub.name, user);
}

/**
 * Genuine servers replace the whole user, and a forgotten field is lost with it. Here what is not
 * given stays, but the type must be said: it would otherwise read as "anonymous".
 */
export async function setUser(call: HubCall): Promise<RpcObject> {
  const { ports, fields, hub } = call;
  for (let round = 0; round < roundsMax; round += 1) {
    const seen = await namedUser(call);
    const { policy: seenPolicy, ...kept } = seen;
    const policy = givenPolicy(fields, seenPolicy);
    const user: User = {
      ...kept,
      version: seen.version + 1,
      ...(await readTexts(call, seen)),
      auth: await readAuth(call, seen.name, seen),
      ...(policy !== undefined && { policy }),
      expiresMs: fields.time('ExpireTime_dt') ?? seen.expiresMs,
      updatedMs: ports.clock.nowMs(),
    };
    if (await ports.stores.users.replace(hub.name, user, seen.version)) {
      return describedUser(hub.name, user);
    }
  }
  throw new AdminError(errorCode.internalError, 'others kept changing the user; repeat');
}

export async function getUser(call: HubCall): Promise<RpcObject> {
  return describedUser(call.hub.name, await namedUser(call));
}

/** Sessions the user has stay, as at a genuine server. */
export async function deleteUser({ ports, fields, hub }: HubCall): Promise<RpcObject> {
  const name = readName(fields);
  if (!(await ports.stores.users.remove(hub.name, name))) throw noSuchUser();
  return { HubName_str: hub.name, Name_str: name };
}

export async function enumUser({ ports, hub }: HubCall): Promise<RpcObject> {
  const list: RpcObject[] = [];
  for await (const user of ports.stores.users.list(hub.name)) list.push(listedUser(user));
  return { HubName_str: hub.name, UserList: list };
}

async function namedUser({ ports, fields, hub }: HubCall): Promise<User> {
  const user = await ports.stores.users.get(hub.name, readName(fields));
  if (user === undefined) throw noSuchUser();
  return user;
}

function readName(fields: Fields): string {
  const name = (fields.text('Name_str', nameCharsMax) ?? '').trim();
  if (name === '') throw new AdminError(errorCode.invalidParameter, 'Name_str is empty');
  return name;
}

async function readTexts(
  { ports, fields, hub }: HubCall,
  seen: Pick<User, 'groupName' | 'realname' | 'note'> = { groupName: '', realname: '', note: '' },
): Promise<Pick<User, 'groupName' | 'realname' | 'note'>> {
  const given = fields.text('GroupName_str', nameCharsMax)?.trim();
  const group = given ? await ports.stores.groups.get(hub.name, given) : undefined;
  if (given && group === undefined) throw new AdminError(errorCode.groupNotFound, 'no such group');
  return {
    groupName: group?.name ?? given ?? seen.groupName,
    realname: fields.text('Realname_utf') ?? seen.realname,
    note: fields.text('Note_utf') ?? seen.note,
  };
}

/** SoftEther's numbers of the types of users (protocol/03); 2 to 5 prove themselves elsewhere. */
const authTypes = { anonymous: 0, password: 1, last: 5 } as const;

/**
 * How the user logs in. Of passwords the clear one comes first; a hash is taken as it is. Neither,
 * for a user that has one, means to keep it: GetUser tells nobody what it is.
 */
async function readAuth(
  { ports, fields, hub }: HubCall,
  name: string,
  seen: User | undefined,
): Promise<User['auth']> {
  const type = fields.number('AuthType_u32');
  const password = fields.text('Auth_Password_str', passwordCharsMax);
  const maySayNothing = seen === undefined && !password;
  if (type === undefined && !maySayNothing) {
    throw new AdminError(errorCode.invalidParameter, 'AuthType_u32 is missing');
  }
  if (type === undefined || type === authTypes.anonymous) return { kind: 'anonymous' };
  if (type > authTypes.last) {
    throw new AdminError(errorCode.invalidParameter, 'AuthType_u32 is unknown');
  }
  if (type !== authTypes.password) {
    throw new AdminError(errorCode.notSupported, `users of type ${type} are not supported yet`);
  }
  const given = password ? hashPassword(password, name) : readHash(fields, 'HashedKey_bin');
  if (given === undefined && seen?.auth.kind === 'password') return seen.auth;
  const key = given ?? (password === undefined ? undefined : hashPassword(password, name));
  if (key === undefined) {
    throw new AdminError(errorCode.invalidParameter, 'neither password nor hash is given');
  }
  const sealer = await ports.secrets.sealer();
  const context = sealContext.user(nameKey(hub.name), nameKey(name));
  return { kind: 'password', sealedKey: sealer.seal(key, context) };
}

/** A refused creation may be the repetition of our own that was written (ADR 0001). */
function isOurs(stored: User | undefined, created: User): boolean {
  return (
    stored?.version === created.version &&
    stored.createdMs === created.createdMs &&
    sealedIn(stored).equals(sealedIn(created))
  );
}

function sealedIn({ auth }: User): Buffer {
  return Buffer.from(auth.kind === 'password' ? auth.sealedKey : []);
}

function userExists(): AdminError {
  return new AdminError(errorCode.userExists, 'a user of this name exists');
}

function noSuchUser(): AdminError {
  return new AdminError(errorCode.objectNotFound, 'no such user');
}
