import { nameKey } from '#shared/kernel/ids.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { mostOf } from '../domain/hub-admin-options.ts';
import { type Group, groupsMax } from '../store/group-store.ts';
import type { User } from '../store/user-store.ts';
import { AdminError } from './admin-error.ts';
import { countOf, inParallel } from './bounded-parallel.ts';
import type { Fields } from './fields.ts';
import type { HubCall } from './method.ts';
import { nameCharsMax, validUserName } from './names.ts';
import { givenPolicy, writePolicyFields } from './policy-fields.ts';
import { noTraffic, noTrafficInList, type RpcObject } from './rpc-object.ts';

const roundsMax = 5;

export async function createGroup({ ports, fields, hub }: HubCall): Promise<RpcObject> {
  const { groups } = ports.stores;
  const policy = givenPolicy(fields, undefined);
  const group: Group = {
    name: validUserName(fields.text('Name_str') ?? ''),
    version: 1,
    realname: fields.text('Realname_utf') ?? '',
    note: fields.text('Note_utf') ?? '',
    ...(policy !== undefined && { policy }),
    createdMs: ports.clock.nowMs(),
  };
  if ((await groups.get(hub.name, group.name)) !== undefined) throw groupExists();
  const most = mostOf(hub, 'max_groups', groupsMax);
  if ((await countOf(groups.list(hub.name))) >= most) {
    throw new AdminError(errorCode.tooManyGroups, `the hub has ${most} groups`);
  }
  if (!(await groups.create(hub.name, group))) {
    const stored = await groups.get(hub.name, group.name);
    // A refused creation may be the repetition of our own that was written (ADR 0001).
    if (stored?.createdMs !== group.createdMs || stored.version !== 1) throw groupExists();
  }
  return described(hub.name, group);
}

/** What is not given stays, as with users. */
export async function setGroup(call: HubCall): Promise<RpcObject> {
  const { ports, fields, hub } = call;
  for (let round = 0; round < roundsMax; round += 1) {
    const { policy: seenPolicy, ...seen } = await namedGroup(call);
    const policy = givenPolicy(fields, seenPolicy);
    const group: Group = {
      ...seen,
      version: seen.version + 1,
      realname: fields.text('Realname_utf') ?? seen.realname,
      note: fields.text('Note_utf') ?? seen.note,
      ...(policy !== undefined && { policy }),
    };
    if (await ports.stores.groups.replace(hub.name, group, seen.version)) {
      return described(hub.name, group);
    }
  }
  throw new AdminError(errorCode.internalError, 'others kept changing the group; repeat');
}

export async function getGroup(call: HubCall): Promise<RpcObject> {
  return described(call.hub.name, await namedGroup(call));
}

/** The group goes first: from then on nobody is in it. Its users stay, without a group. */
export async function deleteGroup({ ports, fields, hub }: HubCall): Promise<RpcObject> {
  const name = readName(fields);
  const { groups, users } = ports.stores;
  const wasThere = await groups.remove(hub.name, name);
  await inParallel(users.list(hub.name), async (user) => {
    if (isIn(user, name)) await users.leaveGroup(hub.name, user);
  });
  if (!wasThere) throw noSuchGroup();
  return { HubName_str: hub.name, Name_str: name };
}

export async function enumGroup({ ports, hub }: HubCall): Promise<RpcObject> {
  const counts = new Map<string, number>();
  for await (const { groupName } of ports.stores.users.list(hub.name)) {
    const key = nameKey(groupName);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const list: RpcObject[] = [];
  for await (const group of ports.stores.groups.list(hub.name)) {
    list.push({
      ...noTrafficInList,
      Name_str: group.name,
      Realname_utf: group.realname,
      Note_utf: group.note,
      NumUsers_u32: counts.get(nameKey(group.name)) ?? 0,
      DenyAccess_bool: group.policy?.access === false,
    });
  }
  return { HubName_str: hub.name, GroupList: list };
}

function isIn(user: User, group: string): boolean {
  return nameKey(user.groupName) === nameKey(group);
}

async function namedGroup({ ports, fields, hub }: HubCall): Promise<Group> {
  const group = await ports.stores.groups.get(hub.name, readName(fields));
  if (group === undefined) throw noSuchGroup();
  return group;
}

function readName(fields: Fields): string {
  const name = (fields.text('Name_str', nameCharsMax) ?? '').trim();
  if (name === '') throw new AdminError(errorCode.invalidParameter, 'Name_str is empty');
  return name;
}

function described(hub: string, group: Group): RpcObject {
  return {
    ...noTraffic,
    HubName_str: hub,
    Name_str: group.name,
    Realname_utf: group.realname,
    Note_utf: group.note,
    ...(group.policy && { UsePolicy_bool: true, ...writePolicyFields(group.policy) }),
  };
}

function groupExists(): AdminError {
  return new AdminError(errorCode.groupExists, 'a group of this name exists');
}

function noSuchGroup(): AdminError {
  return new AdminError(errorCode.objectNotFound, 'no such group');
}
