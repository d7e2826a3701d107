import { Pack } from './pack.ts';
import { type Policy, readPolicy, writePolicy } from './policy.ts';
import { sha0Bytes } from './sha0.ts';
import { WireError } from './wire-error.ts';

/** Connections of one session (`protocol/05` §1). */
export const sessionConnectionsMax = 32;
/** Below this a client's keep-alive arithmetic makes no sense; 0 crashes genuine clients. */
export const sessionTimeoutMsMin = 100;
/** Ten times what a genuine server can be set to; anything longer is read as this. */
export const sessionTimeoutMsMax = 600_000;

/**
 * The answer to a login that succeeded; the raw stream follows its last byte (`protocol/05` §1).
 * `use_encrypt` is always written as 1: with 0 the peer would leave TLS inside its socket.
 */
export interface Welcome {
  readonly sessionName: string;
  readonly connectionName: string;
  /** 20 random bytes that let further connections join. */
  readonly sessionKey: Buffer;
  readonly sessionKey32: number;
  readonly maxConnection: number;
  readonly useCompress: boolean;
  readonly halfConnection: boolean;
  /** Makes clients open at least two connections whatever `maxConnection` says. */
  readonly qos: boolean;
  readonly timeoutMs: number;
  readonly policy: Policy;
  /** The hub's message, shown to the user. */
  readonly message?: string;
}

export function encodeWelcome(welcome: Welcome, padding?: Uint8Array): Pack {
  const pack = new Pack()
    .setStr('connection_name', welcome.connectionName)
    .setBool('enable_udp_recovery', false)
    .setBool('half_connection', welcome.halfConnection)
    .setInt('is_azure_session', 0)
    .setInt('max_connection', welcome.maxConnection);
  if (welcome.message) pack.setData('Msg', Buffer.from(welcome.message));
  return writePolicy(pack, welcome.policy)
    .setBool('qos', welcome.qos)
    .setData('session_key', welcome.sessionKey)
    .setInt('session_key_32', welcome.sessionKey32)
    .setStr('session_name', welcome.sessionName)
    .setInt('timeout', welcome.timeoutMs)
    .setBool('use_compress', welcome.useCompress)
    .setBool('use_encrypt', true)
    .setInt('vlan_id', 0)
    .setPadding(padding);
}

/**
 * Read a Welcome as a client. Check for an error answer and a Redirect first.
 *
 * @throws {WireError} if a required field is missing, or if the server wants to leave TLS.
 */
export function decodeWelcome(pack: Pack): Welcome {
  const sessionKey = pack.bytes('session_key', sha0Bytes);
  const sessionName = pack.str('session_name');
  const connectionName = pack.str('connection_name');
  if (sessionKey === undefined || sessionName === '' || connectionName === '') {
    throw new WireError('message-field-missing', 'Welcome without key or names');
  }
  if (!pack.bool('use_encrypt')) {
    throw new WireError('message-field-invalid', 'Welcome with use_encrypt 0');
  }
  if (pack.int('timeout') < sessionTimeoutMsMin) {
    throw new WireError('message-field-invalid', `Welcome with timeout ${pack.int('timeout')}`);
  }
  const message = pack.data('Msg')?.toString();
  return {
    sessionName,
    connectionName,
    sessionKey,
    sessionKey32: pack.int('session_key_32'),
    maxConnection: Math.min(Math.max(pack.int('max_connection'), 1), sessionConnectionsMax),
    useCompress: pack.bool('use_compress'),
    halfConnection: pack.bool('half_connection'),
    qos: pack.bool('qos'),
    timeoutMs: Math.min(pack.int('timeout'), sessionTimeoutMsMax),
    policy: readPolicy(pack),
    ...(message ? { message } : {}),
  };
}
