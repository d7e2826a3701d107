import { type AccessRule, accessRuleSchema } from '#shared/contract/access-rule.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import type { ListedRule } from '../store/rule-list-store.ts';
import { AdminError } from './admin-error.ts';
import type { Fields } from './fields.ts';
import type { RpcObject } from './rpc-object.ts';

const ip6Bytes = 16;
const macBytes = 6;
const noteCharsMax = 255;
const urlCharsMax = 255;

/** One entry as AddAccess and SetAccessList give it; `id` is ours to give. */
export function readAccessRule(fields: Fields, id: number): ListedRule {
  const ipVersion = fields.flag('IsIPv6_bool') ? 6 : 4;
  const checksTcp = fields.flag('CheckTcpState_bool') ?? false;
  const isEstablished = fields.flag('Established_bool') ?? false;
  const rule = {
    id,
    active: fields.flag('Active_bool') ?? true,
    priority: fields.number('Priority_u32') ?? 0,
    discard: fields.flag('Discard_bool') ?? false,
    ipVersion,
    source: ipVersion === 6 ? maskedIp6(fields, 'Src') : maskedIp4(fields, 'Src'),
    destination: ipVersion === 6 ? maskedIp6(fields, 'Dest') : maskedIp4(fields, 'Dest'),
    protocol: fields.number('Protocol_u32') || undefined,
    sourcePorts: ports(fields, 'Src'),
    destinationPorts: ports(fields, 'Dest'),
    sourceUser: principal(fields, 'SrcUsername_str'),
    destinationUser: principal(fields, 'DestUsername_str'),
    sourceMac: maskedMac(fields, 'Src'),
    destinationMac: maskedMac(fields, 'Dst'),
    tcpState: checksTcp ? (isEstablished ? 'established' : 'opening') : undefined,
    delayMs: fields.number('Delay_u32') || undefined,
    jitterPercent: fields.number('Jitter_u32') || undefined,
    lossPercent: fields.number('Loss_u32') || undefined,
    redirectUrl: fields.text('RedirectUrl_str', urlCharsMax) || undefined,
  };
  const given = Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined));
  const checked = accessRuleSchema.safeParse(given);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    const reason = `${issue?.path.join('.') || 'rule'}: ${issue?.message}`;
    throw new AdminError(errorCode.invalidParameter, reason.slice(0, 200));
  }
  return { rule: checked.data, note: fields.text('Note_utf', noteCharsMax) ?? '' };
}

/** One entry as EnumAccess tells it. */
export function describedRule({ rule, note }: ListedRule): RpcObject {
  const { tcpState, sourceMac, destinationMac, sourcePorts, destinationPorts } = rule;
  return {
    Id_u32: rule.id,
    UniqueId_u32: rule.id,
    Note_utf: note,
    Active_bool: rule.active ?? true,
    Priority_u32: rule.priority,
    Discard_bool: rule.discard,
    IsIPv6_bool: rule.ipVersion === 6,
    ...describedIps(rule),
    Protocol_u32: rule.protocol ?? 0,
    SrcPortStart_u32: sourcePorts?.first ?? 0,
    SrcPortEnd_u32: sourcePorts?.last ?? 0,
    DestPortStart_u32: destinationPorts?.first ?? 0,
    DestPortEnd_u32: destinationPorts?.last ?? 0,
    SrcUsername_str: rule.sourceUser ?? '',
    DestUsername_str: rule.destinationUser ?? '',
    CheckSrcMac_bool: sourceMac !== undefined,
    SrcMacAddress_bin: base64(sourceMac?.address, macBytes),
    SrcMacMask_bin: base64(sourceMac?.mask, macBytes),
    CheckDstMac_bool: destinationMac !== undefined,
    DstMacAddress_bin: base64(destinationMac?.address, macBytes),
    DstMacMask_bin: base64(destinationMac?.mask, macBytes),
    CheckTcpState_bool: tcpState !== undefined,
    Established_bool: tcpState === 'established',
    Delay_u32: rule.delayMs ?? 0,
    Jitter_u32: rule.jitterPercent ?? 0,
    Loss_u32: rule.lossPercent ?? 0,
    RedirectUrl_str: rule.redirectUrl ?? '',
  };
}

function describedIps({ ipVersion, source, destination }: AccessRule): RpcObject {
  const of4 = (hex: string | undefined): string => (ipVersion === 4 ? dotted(hex) : dotted());
  const of6 = (hex: string | undefined): string =>
    base64(ipVersion === 6 ? hex : undefined, ip6Bytes);
  return {
    SrcIpAddress_ip: of4(source?.address),
    SrcSubnetMask_ip: of4(source?.mask),
    DestIpAddress_ip: of4(destination?.address),
    DestSubnetMask_ip: of4(destination?.mask),
    SrcIpAddress6_bin: of6(source?.address),
    SrcSubnetMask6_bin: of6(source?.mask),
    DestIpAddress6_bin: of6(destination?.address),
    DestSubnetMask6_bin: of6(destination?.mask),
  };
}

interface Masked {
  readonly address: string;
  readonly mask: string;
}

/** All zeros are no condition. With an address, a mask of nothing is one: it has to be IP. */
function maskedIp4(fields: Fields, side: 'Src' | 'Dest'): Masked | undefined {
  const address = hexOf(fields.address(`${side}IpAddress_ip`) ?? '0.0.0.0');
  const mask = hexOf(fields.address(`${side}SubnetMask_ip`) ?? '0.0.0.0');
  return /^0+$/.test(address + mask) ? undefined : { address, mask };
}

function maskedIp6(fields: Fields, side: 'Src' | 'Dest'): Masked | undefined {
  const address = sized(fields, `${side}IpAddress6_bin`, ip6Bytes);
  const mask = sized(fields, `${side}SubnetMask6_bin`, ip6Bytes);
  return /^0+$/.test(address + mask) ? undefined : { address, mask };
}

function maskedMac(fields: Fields, side: 'Src' | 'Dst'): Masked | undefined {
  if (!fields.flag(`Check${side}Mac_bool`)) return undefined;
  const address = sized(fields, `${side}MacAddress_bin`, macBytes);
  return { address, mask: sized(fields, `${side}MacMask_bin`, macBytes) };
}

/** 0 and 0: any. An end that is left out is the start. */
function ports(
  fields: Fields,
  side: 'Src' | 'Dest',
): { readonly first: number; readonly last: number } | undefined {
  const first = fields.number(`${side}PortStart_u32`) ?? 0;
  const last = fields.number(`${side}PortEnd_u32`) || first;
  return last === 0 ? undefined : { first, last };
}

/** SoftEther reads names from files of the server, too: here it has none. */
function principal(fields: Fields, name: string): string | undefined {
  const text = (fields.text(name, 255) ?? '').trim();
  if (/^(include|exclude):/i.test(text)) {
    throw new AdminError(errorCode.notSupported, 'lists of users in files are not supported');
  }
  return text || undefined;
}

/** Left out: zeros. */
function sized(fields: Fields, name: string, bytes: number): string {
  const value = fields.bytes(name);
  if (value === undefined || value.length === 0) return '00'.repeat(bytes);
  if (value.length === bytes) return value.toString('hex');
  throw new AdminError(errorCode.invalidParameter, `${name} is not of ${bytes} bytes`);
}

export function hexOf(address: string): string {
  return Buffer.from(address.split('.').map(Number)).toString('hex');
}

export function dotted(hex = '00000000'): string {
  return [...Buffer.from(hex, 'hex')].join('.');
}

function base64(hex: string | undefined, bytes: number): string {
  return (hex === undefined ? Buffer.alloc(bytes) : Buffer.from(hex, 'hex')).toString('base64');
}
