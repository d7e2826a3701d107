import {
  accessRulesMax,
  type SourceRule,
  sourceRuleSchema,
  sourceRulesMax,
} from '#shared/contract/access-rule.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { adminOption, mostOf } from '../domain/hub-admin-options.ts';
import { compareRanks } from '../domain/rule-order.ts';
import { inOrder } from '../domain/source-list.ts';
import { accessListOf, sourceListOf } from '../store/hub-rules.ts';
import type { Hub } from '../store/hub-store.ts';
import type { ListedRule, RuleListStore } from '../store/rule-list-store.ts';
import { describedRule, dotted, hexOf, readAccessRule } from './access-fields.ts';
import { AdminError } from './admin-error.ts';
import type { Fields } from './fields.ts';
import { configureMembers } from './hub-changes.ts';
import type { HubCall } from './method.ts';
import type { RpcObject } from './rpc-object.ts';

const roundsMax = 5;
const listIdBytes = 12;

export async function addAccess(call: HubCall): Promise<RpcObject> {
  const [given, ...more] = call.fields.objects('AccessListSingle', 1) ?? [];
  if (given === undefined || more.length > 0) {
    throw new AdminError(errorCode.invalidParameter, 'AccessListSingle has not one entry');
  }
  let added: ListedRule | undefined;
  await changeAccessList(call, (listed, hub) => {
    added = asAllowed(hub, readAccessRule(given, nextId(listed)));
    return [...listed, added];
  });
  const list = added === undefined ? [] : [describedRule(added)];
  return { HubName_str: call.hub.name, AccessListSingle: list };
}

export async function deleteAccess(call: HubCall): Promise<RpcObject> {
  const id = call.fields.number('Id_u32');
  await changeAccessList(call, (listed) => {
    const left = listed.filter(({ rule }) => rule.id !== id);
    if (left.length === listed.length) {
      throw new AdminError(errorCode.objectNotFound, 'no such entry');
    }
    return left;
  });
  return { HubName_str: call.hub.name, Id_u32: id ?? 0 };
}

/** Genuine servers repeat what they were given; a longer list can be asked for. */
const echoedMax = 256;

/** The whole list at once; entries are numbered in the order in which they are tried. */
export async function setAccessList(call: HubCall): Promise<RpcObject> {
  const given = call.fields.objects('AccessList', accessRulesMax);
  if (given === undefined) {
    throw new AdminError(errorCode.invalidParameter, 'AccessList is missing');
  }
  const read = given.map((one, index) => readAccessRule(one, index + 1));
  let listed: readonly ListedRule[] = read
    .toSorted(compareListed)
    .map(({ rule, note }, index) => ({ rule: { ...rule, id: index + 1 }, note }));
  await changeAccessList(call, (_, hub) => {
    listed = listed.map((one) => asAllowed(hub, one));
    return listed;
  });
  // What was carried out must not answer an error because the answer is too long.
  if (listed.length > echoedMax) return { HubName_str: call.hub.name };
  return describedList(call.hub.name, listed);
}

export async function enumAccess({ ports, hub }: HubCall): Promise<RpcObject> {
  const [, listed] = await accessListOf(ports.stores, hub);
  return describedList(hub.name, listed);
}

/** Who may log in from where (protocol/06 §6). The front door judges it: members need not know. */
export async function setAcList(call: HubCall): Promise<RpcObject> {
  const given = call.fields.objects('ACList', sourceRulesMax);
  if (given === undefined) throw new AdminError(errorCode.invalidParameter, 'ACList is missing');
  const read = given.map((one, index) => readSourceRule(one, index + 1));
  const rules = inOrder(read).map((rule, index) => ({ ...rule, id: index + 1 }));
  await changeList(call, 'sourceList', call.ports.stores.sourceLists, async () => rules);
  return describedAcList(call.hub.name, rules);
}

export async function getAcList({ ports, hub }: HubCall): Promise<RpcObject> {
  return describedAcList(hub.name, await sourceListOf(ports.stores, hub));
}

async function changeAccessList(
  call: HubCall,
  change: (listed: readonly ListedRule[], hub: Hub) => readonly ListedRule[],
): Promise<void> {
  const { stores } = call.ports;
  const changed = await changeList(call, 'accessList', stores.accessLists, async (seen) => {
    const [, listed] = await accessListOf(stores, seen);
    const next = change(listed, seen);
    const most = mostOf(seen, 'max_accesslists', accessRulesMax);
    if (next.length <= most || next.length < listed.length) return next;
    throw new AdminError(errorCode.tooManyAccessLists, `more than ${most} entries`);
  });
  await configureMembers(call.ports, changed);
}

/**
 * Write the next list beside the one that holds, and have the hub name it if the hub is as it was:
 * whoever reads finds one or the other, whole. Then the old one is nobody's.
 */
async function changeList<Rule>(
  { ports, hub: { name } }: HubCall,
  which: 'accessList' | 'sourceList',
  lists: RuleListStore<Rule>,
  change: (seen: Hub) => Promise<readonly Rule[]>,
): Promise<Hub> {
  const { clock, random, stores } = ports;
  for (let round = 0; round < roundsMax; round += 1) {
    const seen = await stores.hubs.get(name);
    if (seen === undefined) throw new AdminError(errorCode.hubNotFound, 'no such hub');
    const rules = await change(seen);
    const { [which]: old, ...rest } = seen;
    const next = { id: random.bytes(listIdBytes).toString('hex'), count: rules.length };
    const isAny = rules.length > 0;
    if (isAny && !(await lists.write(name, next.id, rules, clock.nowMs()))) {
      throw new AdminError(errorCode.tooManyAccessLists, 'the list is longer than can be kept');
    }
    const hub: Hub = { ...rest, ...(isAny && { [which]: next }), version: seen.version + 1 };
    if (await stores.hubs.replace(hub, seen.version)) {
      if (old !== undefined) await lists.remove(name, old);
      return hub;
    }
    const now = await stores.hubs.get(name);
    if (isAny && now?.[which]?.id === next.id) return now; // our own retried success
    if (isAny) await lists.remove(name, next);
  }
  throw new AdminError(errorCode.internalError, 'others kept changing the hub; repeat');
}

/** An entry as the hub's options leave it. */
function asAllowed(hub: Hub, { rule, note }: ListedRule): ListedRule {
  if (adminOption(hub, 'no_delay_jitter_packet_loss') === 0) return { rule, note };
  const { delayMs: _delay, jitterPercent: _jitter, lossPercent: _loss, ...kept } = rule;
  return { rule: kept, note };
}

function nextId(listed: readonly ListedRule[]): number {
  return listed.reduce((highest, { rule }) => Math.max(highest, rule.id), 0) + 1;
}

function describedList(hub: string, listed: readonly ListedRule[]): RpcObject {
  return { HubName_str: hub, AccessList: listed.toSorted(compareListed).map(describedRule) };
}

function compareListed({ rule: one }: ListedRule, { rule: other }: ListedRule): number {
  return compareRanks({ ...one, refuses: one.discard }, { ...other, refuses: other.discard });
}

function readSourceRule(fields: Fields, id: number): SourceRule {
  const address = fields.address('IpAddress_ip');
  const mask = fields.address('SubnetMask_ip');
  if (address === undefined) {
    throw new AdminError(errorCode.invalidParameter, 'ACList has an entry without IpAddress_ip');
  }
  const checked = sourceRuleSchema.safeParse({
    id,
    priority: fields.number('Priority_u32') ?? 0,
    deny: fields.flag('Deny_bool') ?? false,
    address: hexOf(address),
    ...(fields.flag('Masked_bool') && { mask: hexOf(mask ?? '0.0.0.0') }),
  });
  if (checked.success) return checked.data;
  throw new AdminError(errorCode.invalidParameter, 'ACList has an entry that is none');
}

function describedAcList(hub: string, rules: readonly SourceRule[]): RpcObject {
  return {
    HubName_str: hub,
    NumItem_u32: rules.length,
    ACList: rules.map(({ id, priority, deny, address, mask }) => ({
      Id_u32: id,
      Deny_bool: deny,
      IpAddress_ip: dotted(address),
      Masked_bool: mask !== undefined,
      SubnetMask_ip: dotted(mask),
      Priority_u32: priority,
    })),
  };
}
