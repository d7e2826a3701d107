import { packetLogKinds, packetLogLevels } from '#shared/contract/hub-options.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import type { Hub, PacketLog } from '../store/hub-store.ts';
import { AdminError } from './admin-error.ts';
import { changeHub, configureMembers } from './hub-changes.ts';
import type { HubCall } from './method.ts';
import type { RpcObject } from './rpc-object.ts';

/** Kinds of packets in a genuine server's list; the second half means nothing. */
const packetLogEntries = 16;
/** What a new hub of a genuine server saves; here only once somebody switches it on. */
const levelsOfNew: PacketLog['levels'] = { tcpConnection: 'header', dhcp: 'header' };

export async function getHubLog({ hub }: HubCall): Promise<RpcObject> {
  return described(hub);
}

/**
 * What is not given stays: levels are kept while the packet log is off, for vpncmd sets them and
 * the switch in calls of their own. Logs are events, not files: when to begin another file means
 * nothing.
 */
export async function setHubLog({ ports, fields, hub }: HubCall): Promise<RpcObject> {
  const security = fields.flag('SaveSecurityLog_bool');
  const isOn = fields.flag('SavePacketLog_bool');
  const given = fields.numbers('PacketLogConfig_u32', packetLogEntries);
  const levels = given && levelsIn(given);
  const changed = await changeHub(ports, hub.name, (seen) => {
    const before = packetLogOf(seen);
    const packetLog = { isOn: isOn ?? before.isOn, levels: levels ?? before.levels };
    const log = {
      security: security ?? seen.log?.security ?? true,
      packets: packetLog.isOn ? packetLog.levels : {},
    };
    return { ...seen, log, packetLog };
  });
  await configureMembers(ports, changed);
  return described(changed);
}

/** Hubs that were set before the switch was kept log packets if they have levels. */
function packetLogOf({ log, packetLog }: Hub): PacketLog {
  if (packetLog !== undefined) return packetLog;
  const packets = log?.packets ?? {};
  return Object.keys(packets).length > 0
    ? { isOn: true, levels: packets }
    : { isOn: false, levels: levelsOfNew };
}

function levelsIn(numbers: readonly number[]): PacketLog['levels'] {
  const levels = packetLogKinds.map((kind, index) => {
    const level = packetLogLevels[numbers[index] ?? 0];
    if (level !== undefined) return [kind, level] as const;
    throw new AdminError(errorCode.invalidParameter, 'PacketLogConfig_u32 has an unknown level');
  });
  return Object.fromEntries(levels.filter(([, level]) => level !== 'none'));
}

function described(hub: Hub): RpcObject {
  const { isOn, levels } = packetLogOf(hub);
  const numbers = packetLogKinds.map((kind) => packetLogLevels.indexOf(levels[kind] ?? 'none'));
  const rest = Array.from({ length: packetLogEntries - numbers.length }, () => 0);
  return {
    HubName_str: hub.name,
    SaveSecurityLog_bool: hub.log?.security ?? true,
    SecurityLogSwitchType_u32: 0,
    SavePacketLog_bool: isOn,
    PacketLogSwitchType_u32: 0,
    PacketLogConfig_u32: [...numbers, ...rest],
  };
}
