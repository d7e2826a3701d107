import type { AddressTableName, FoundAddress } from '#shared/contract/inquiry.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { AdminError } from './admin-error.ts';
import { type Found, inquire } from './inquiries.ts';
import type { HubCall } from './method.ts';
import { type RpcObject, timeText } from './rpc-object.ts';

export async function enumMacTable(call: HubCall): Promise<RpcObject> {
  const found = await inquire(call, { table: 'mac' });
  return {
    HubName_str: call.hub.name,
    MacTable: listed(found, ([, text, vlanId]) => ({
      MacAddress_bin: Buffer.from(text.replaceAll(':', ''), 'hex').toString('base64'),
      VlanId_u32: vlanId,
    })),
    ...omitted(found),
  };
}

export async function enumIpTable(call: HubCall): Promise<RpcObject> {
  const found = await inquire(call, { table: 'ip' });
  return {
    HubName_str: call.hub.name,
    IpTable: listed(found, ([, text, , , , , leased]) => {
      const address = shortened(text);
      return {
        Ip_ip: address.includes(':') ? '::' : address,
        IpV6_ip: address,
        IpAddress_ip: address,
        DhcpAllocated_bool: leased,
      };
    }),
    ...omitted(found),
  };
}

export function deleteMacTable(call: HubCall): Promise<RpcObject> {
  return forget(call, 'mac');
}

export function deleteIpTable(call: HubCall): Promise<RpcObject> {
  return forget(call, 'ip');
}

/** The key names an address for as long as it is in the table. */
async function forget(call: HubCall, table: AddressTableName): Promise<RpcObject> {
  const key = call.fields.number('Key_u32');
  if (key === undefined) throw new AdminError(errorCode.invalidParameter, 'Key_u32 is missing');
  const found = await inquire(call, { table, forget: key });
  if (!found.some(({ finding }) => finding.forgotten)) {
    throw new AdminError(errorCode.objectNotFound, 'no such address');
  }
  return { HubName_str: call.hub.name, Key_u32: key };
}

function listed(
  found: readonly Found[],
  described: (address: FoundAddress) => RpcObject,
): RpcObject[] {
  return found.flatMap(({ member, finding }) =>
    finding.addresses.map((address) => {
      const [key, , , owner, createdMs, seenMs] = address;
      return {
        Key_u32: key,
        SessionName_str: finding.owners[owner] ?? '',
        ...described(address),
        CreatedTime_dt: timeText(createdMs),
        UpdatedTime_dt: timeText(seenMs),
        RemoteItem_bool: true,
        RemoteHostname_str: member.address,
      };
    }),
  );
}

/** Ours: members list those seen last, and no more than fit (`foundAddressesMax`). */
function omitted(found: readonly Found[]): RpcObject {
  const missing = found.map(({ finding }) => finding.total - finding.addresses.length);
  return { NumOmitted_u32: missing.reduce((sum, count) => sum + Math.max(0, count), 0) };
}

/** IPv6 as it is usually written (RFC 5952). */
function shortened(text: string): string {
  return text.includes(':') ? new URL(`http://[${text}]/`).hostname.slice(1, -1) : text;
}
