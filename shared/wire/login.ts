import { assert } from '#shared/kernel/assert.ts';
import { byteSwap32 } from './encoding.ts';
import { Pack } from './pack.ts';
import { sha0Bytes } from './sha0.ts';
import { sessionConnectionsMax } from './welcome.ts';
import { WireError } from './wire-error.ts';

/** How a login proves who it is (`protocol/03`, "authtype values"). */
export type Credential =
  | { readonly kind: 'anonymous' }
  /** SHA-0 of the stored hash and the Hello challenge, 20 bytes. */
  | { readonly kind: 'password'; readonly securePassword: Buffer }
  | { readonly kind: 'plain'; readonly password: string }
  /** DER, and RSASSA-PKCS1-v1_5 with SHA-1 over the Hello challenge. */
  | { readonly kind: 'certificate'; readonly certificate: Buffer; readonly signature: Buffer }
  | { readonly kind: 'ticket'; readonly ticket: Buffer }
  /** Types that only in-process callers may use (96..98), and numbers that do not exist. */
  | { readonly kind: 'refused'; readonly authType: number };

/** Who wants into which hub, and with which wishes (`protocol/02` §8). */
export interface Login {
  readonly hubName: string;
  readonly userName: string;
  readonly credential: Credential;
  readonly clientStr: string;
  /** 501, 502, 444. Compare this before the build: builds of 4.x are the larger numbers. */
  readonly clientVer: number;
  readonly clientBuild: number;
  /** TCP connections wanted, 1..32. */
  readonly maxConnection: number;
  readonly useEncrypt: boolean;
  readonly useCompress: boolean;
  readonly halfConnection: boolean;
  readonly requireBridgeRoutingMode: boolean;
  readonly requireMonitorMode: boolean;
  readonly qos: boolean;
  /** 16 bytes that stay the same per installation, for the multi-login count; empty if not sent. */
  readonly uniqueId: Buffer;
  /** What the client believes it connects to: the configured name, or an address as text. */
  readonly serverHostname: string;
  /** What Hello said in `hello`, cut at 63 bytes: the echoed token. */
  readonly serverProductName: string;
  readonly serverProductVer: number;
  readonly serverProductBuild: number;
  readonly clientHostname: string;
  readonly clientOsName: string;
  readonly clientOsVer: string;
}

/** Longest hub and user name in bytes; a login beyond is refused rather than cut. */
export const loginNameBytesMax = 255;
const nodeInfoBytesMax = 63;
const osVersionBytesMax = 127;
const clientStrBytesMax = 255;
const plainPasswordBytesMax = 512;
const certificateBytesMax = 100_000;
const signatureBytesMax = 512;
const uniqueIdBytes = 16;

const authType = { anonymous: 0, password: 1, plain: 2, certificate: 3, ticket: 99 } as const;

/**
 * Whether a session is a bridge or router rather than a plain client: it asked for that mode, or
 * names itself a server or bridge (`protocol/02` §8, `client_str`).
 */
export function isBridge(login: Pick<Login, 'requireBridgeRoutingMode' | 'clientStr'>): boolean {
  return login.requireBridgeRoutingMode || /server|bridge/i.test(login.clientStr);
}

/** @throws {WireError} `message-field-…`: no hub, no user, or a credential that is not one. */
export function decodeLogin(pack: Pack): Login {
  return {
    hubName: requiredName(pack, 'hubname'),
    userName: requiredName(pack, 'username'),
    credential: readCredential(pack),
    clientStr: cut(pack.str('client_str'), clientStrBytesMax),
    clientVer: pack.int('client_ver'),
    clientBuild: pack.int('client_build'),
    maxConnection: Math.min(Math.max(pack.int('max_connection'), 1), sessionConnectionsMax),
    useEncrypt: pack.bool('use_encrypt'),
    useCompress: pack.bool('use_compress'),
    halfConnection: pack.bool('half_connection'),
    requireBridgeRoutingMode: pack.bool('require_bridge_routing_mode'),
    requireMonitorMode: pack.bool('require_monitor_mode'),
    qos: pack.bool('qos'),
    uniqueId: pack.bytes('UniqueId', uniqueIdBytes) ?? Buffer.alloc(0),
    serverHostname: cut(pack.str('ServerHostname'), nodeInfoBytesMax),
    serverProductName: cut(pack.str('ServerProductName'), nodeInfoBytesMax),
    serverProductVer: byteSwap32(pack.int('ServerProductVer')),
    serverProductBuild: byteSwap32(pack.int('ServerProductBuild')),
    clientHostname: cut(pack.str('ClientHostname'), nodeInfoBytesMax),
    clientOsName: cut(pack.str('ClientOsName'), nodeInfoBytesMax),
    clientOsVer: cut(pack.str('ClientOsVer'), osVersionBytesMax),
  };
}

export function encodeLogin(login: Login, padding?: Uint8Array): Pack {
  const pack = new Pack();
  writeCredential(pack, login.credential);
  pack
    .setInt('build', login.clientBuild)
    .setStr('ClientHostname', login.clientHostname)
    .setStr('ClientOsName', login.clientOsName)
    .setStr('ClientOsVer', login.clientOsVer)
    .setInt('ClientProductBuild', byteSwap32(login.clientBuild))
    .setStr('ClientProductName', cut(login.clientStr, nodeInfoBytesMax))
    .setInt('ClientProductVer', byteSwap32(login.clientVer))
    .setInt('client_build', login.clientBuild)
    .setInt('client_id', 0)
    .setStr('client_str', login.clientStr)
    .setInt('client_ver', login.clientVer)
    .setBool('half_connection', login.halfConnection)
    .setStr('hello', login.clientStr)
    .setStr('hubname', login.hubName)
    .setInt('max_connection', login.maxConnection)
    .setStr('method', 'login')
    .setInt('protocol', 0)
    .setBool('qos', login.qos)
    .setBool('require_bridge_routing_mode', login.requireBridgeRoutingMode)
    .setBool('require_monitor_mode', login.requireMonitorMode)
    .setStr('ServerHostname', login.serverHostname)
    .setInt('ServerProductBuild', byteSwap32(login.serverProductBuild))
    .setStr('ServerProductName', cut(login.serverProductName, nodeInfoBytesMax))
    .setInt('ServerProductVer', byteSwap32(login.serverProductVer));
  if (login.uniqueId.length > 0) pack.setData('UniqueId', login.uniqueId);
  return pack
    .setStr('username', login.userName)
    .setBool('use_compress', login.useCompress)
    .setBool('use_encrypt', login.useEncrypt)
    .setInt('version', login.clientVer)
    .setPadding(padding);
}

function readCredential(pack: Pack): Credential {
  const type = pack.int('authtype');
  switch (type) {
    case authType.anonymous:
      return { kind: 'anonymous' };
    case authType.password:
      return { kind: 'password', securePassword: requiredBytes(pack, 'secure_password') };
    case authType.plain: {
      const password = pack.str('plain_password');
      if (Buffer.byteLength(password) > plainPasswordBytesMax) {
        throw new WireError('message-field-invalid', 'plain_password over the limit');
      }
      return { kind: 'plain', password };
    }
    case authType.certificate:
      return {
        kind: 'certificate',
        certificate: requiredData(pack, 'cert', certificateBytesMax),
        signature: requiredData(pack, 'sign', signatureBytesMax),
      };
    case authType.ticket:
      return { kind: 'ticket', ticket: requiredBytes(pack, 'ticket') };
    default:
      return { kind: 'refused', authType: type };
  }
}

function writeCredential(pack: Pack, credential: Credential): void {
  switch (credential.kind) {
    case 'anonymous':
      pack.setInt('authtype', authType.anonymous);
      return;
    case 'password':
      assert(credential.securePassword.length === sha0Bytes, 'secure_password: 20 bytes');
      pack.setInt('authtype', authType.password);
      pack.setData('secure_password', credential.securePassword);
      return;
    case 'plain':
      pack.setInt('authtype', authType.plain).setStr('plain_password', credential.password);
      return;
    case 'certificate':
      pack.setInt('authtype', authType.certificate);
      pack.setData('cert', credential.certificate).setData('sign', credential.signature);
      return;
    case 'ticket':
      assert(credential.ticket.length === sha0Bytes, 'ticket: 20 bytes');
      pack.setInt('authtype', authType.ticket).setData('ticket', credential.ticket);
      return;
    case 'refused':
      pack.setInt('authtype', credential.authType);
      return;
  }
}

function requiredName(pack: Pack, field: string): string {
  const name = pack.str(field);
  if (name === '') throw new WireError('message-field-missing', `login without ${field}`);
  if (Buffer.byteLength(name) > loginNameBytesMax) {
    throw new WireError('message-field-invalid', `${field} over the limit`);
  }
  return name;
}

function requiredBytes(pack: Pack, field: string): Buffer {
  const value = pack.bytes(field, sha0Bytes);
  if (value === undefined) throw new WireError('message-field-missing', `login without ${field}`);
  return value;
}

function requiredData(pack: Pack, field: string, bytesMax: number): Buffer {
  const value = pack.data(field);
  if (!value?.length) throw new WireError('message-field-missing', `login without ${field}`);
  if (value.length > bytesMax) {
    throw new WireError('message-field-invalid', `${field} over the limit`);
  }
  return value;
}

/** The first `bytesMax` bytes of a text, as genuine programs keep them. */
function cut(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  return bytes.length <= bytesMax ? text : bytes.toString('utf8', 0, bytesMax);
}
