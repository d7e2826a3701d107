import { createHash } from 'node:crypto';
import { timing } from '#shared/contract/timing.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { sha0Bytes } from '#shared/wire/sha0.ts';
import { pointOf } from '../domain/selection.ts';
import { isOnTrial } from '../domain/suspicion.ts';
import type { Hub } from '../store/hub-store.ts';
import type { Member } from '../store/member-store.ts';
import { AdminError } from './admin-error.ts';
import { inParallel } from './bounded-parallel.ts';
import { Fleet } from './fleet.ts';
import { hubsFor } from './hub-status.ts';
import type { AdminCall, AdminPorts } from './method.ts';
import { type RpcObject, timeText, withheld, zeros } from './rpc-object.ts';
import { serverIdentity } from './server-identity.ts';
import { addressOrZero } from './session-methods.ts';

const controllerType = 1;

/** A controller that serves no sessions itself. */
export async function getFarmSetting(): Promise<RpcObject> {
  return {
    ServerType_u32: controllerType,
    Ports_u32: [],
    PublicIp_ip: '0.0.0.0',
    ControllerName_str: '',
    ControllerPort_u32: 0,
    MemberPassword_bin: withheld(sha0Bytes),
    MemberPasswordPlaintext_str: '',
    Weight_u32: 100,
    ControllerOnly_bool: true,
  };
}

/** The controller first, as genuine ones list themselves, then the members. */
export async function enumFarmMember({ ports }: AdminCall): Promise<RpcObject> {
  const fleet = await Fleet.load(ports);
  const hubs = await ports.stores.hubs.count();
  return {
    FarmMemberList: [
      { ...(await controllerEntry(ports)), ...licenses, NumHubs_u32: hubs },
      ...fleet.members().map((member) => ({
        ...memberEntry(member),
        ...licenses,
        NumHubs_u32: member.hubs,
        Port_u32: member.ports[0] ?? 0,
        State_str: member.state,
        LeaseExpires_dt: timeText(member.leaseExpiresMs),
        ...healthOf(member, ports.clock.nowMs()),
      })),
    ],
  };
}

/** Ours beside SoftEther's: what a member is given, and what is thought of it. */
function healthOf(member: Member, nowMs: number): RpcObject {
  const { leaseExpiresMs, weight, capacity, reserved, unredeemed = 0, suspectedMs = 0 } = member;
  return {
    Weight_u32: weight,
    Capacity_u32: capacity,
    NumReserved_u32: Math.max(reserved, 0),
    // As the control plane's clock has it; since the last heartbeat that was stored.
    LeaseAgeMs_u64: Math.max(0, nowMs - (leaseExpiresMs - timing.leaseTtlMs)),
    LeaseLeftMs_u64: Math.max(0, leaseExpiresMs - nowMs),
    Suspected_bool: isOnTrial({ unredeemed }),
    SuspectedTime_dt: timeText(suspectedMs),
    NumUnredeemed_u32: unredeemed,
    Version_str: member.agentVersion,
  };
}

const licenses = zeros(['AssignedClientLicense_u32', 'AssignedBridgeLicense_u32']);

export async function getFarmInfo({ ports, admin, fields }: AdminCall): Promise<RpcObject> {
  const id = fields.number('Id_u32');
  if (id === controllerHandle) {
    const entry = await controllerEntry(ports);
    return { ...entry, Ports_u32: [], ServerCert_bin: '', HubsList: [], Weight_u32: 100 };
  }
  const fleet = await Fleet.load(ports);
  const member = fleet.members().find((candidate) => handleOf(candidate) === id);
  if (member === undefined) throw new AdminError(errorCode.objectNotFound, 'no such member');
  const hubs = await inParallel(hubsFor(ports, admin), (hub) =>
    hostedBy(ports, fleet, member, hub),
  );
  return {
    ...memberEntry(member),
    Ports_u32: member.ports,
    ServerCert_bin: Buffer.from(member.certificate).toString('base64'),
    Weight_u32: member.weight,
    HubsList: hubs.flat(),
  };
}

/** Static hubs are on every member; a dynamic one where it was placed. */
async function hostedBy(
  ports: AdminPorts,
  fleet: Fleet,
  member: Member,
  hub: Hub,
): Promise<readonly RpcObject[]> {
  const entry = { HubName_str: hub.name, DynamicHub_bool: hub.kind === 'dynamic' };
  if (hub.kind === 'static') return [entry];
  const placement = await ports.stores.placements.get(hub.name);
  if (placement === undefined || placement.phase === 'released') return [];
  return fleet.holder(placement) === member ? [entry] : [];
}

/** SoftEther's handle of a member changes whenever it connects anew; so does its epoch. */
function handleOf(member: Pick<Member, 'memberId' | 'epoch'>): number {
  return handle(`member ${member.memberId} ${member.epoch}`);
}

function handle(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}

const controllerHandle = handle('controller');

/** What both methods tell of the controller. */
async function controllerEntry({ stores, clock }: AdminPorts): Promise<RpcObject> {
  const { createdMs } = await stores.server.firstSeen(clock.nowMs());
  return {
    Id_u32: controllerHandle,
    Controller_bool: true,
    ConnectedTime_dt: timeText(createdMs),
    Ip_ip: '127.0.0.1',
    Hostname_str: serverIdentity.hostName,
    Point_u32: 0, // it never takes a session
    NumSessions_u32: 0,
    NumTcpConnections_u32: 0,
  };
}

function memberEntry(member: Member): RpcObject {
  return {
    Id_u32: handleOf(member),
    Controller_bool: false,
    ConnectedTime_dt: timeText(member.joinedMs),
    Ip_ip: addressOrZero(member.address),
    Hostname_str: member.memberId,
    Point_u32: pointOf(member),
    NumSessions_u32: member.sessions,
    NumTcpConnections_u32: member.connections,
    MemberId_str: member.memberId,
  };
}
