import { Pack } from './pack.ts';
import { sha0Bytes } from './sha0.ts';
import { WireError } from './wire-error.ts';

/** A further connection for a session that exists (`protocol/02` §10). */
export interface AdditionalConnect {
  /** 20 bytes. */
  readonly sessionKey: Buffer;
  readonly clientStr: string;
  readonly clientVer: number;
  readonly clientBuild: number;
}

/** Where frames may flow on a connection, seen from both ends alike. */
export type Direction = 'both' | 'server-to-client' | 'client-to-server';

const directions: readonly Direction[] = ['both', 'server-to-client', 'client-to-server'];

export interface AdditionalConnectAnswer {
  readonly direction: Direction;
}

export function encodeAdditionalConnect(request: AdditionalConnect, padding?: Uint8Array): Pack {
  return new Pack()
    .setInt('client_build', request.clientBuild)
    .setStr('client_str', request.clientStr)
    .setInt('client_ver', request.clientVer)
    .setStr('method', 'additional_connect')
    .setData('session_key', request.sessionKey)
    .setPadding(padding);
}

/** @throws {WireError} if the session key is missing or of another size. */
export function decodeAdditionalConnect(pack: Pack): AdditionalConnect {
  const sessionKey = pack.bytes('session_key', sha0Bytes);
  if (sessionKey === undefined) {
    throw new WireError('message-field-missing', 'additional_connect without session_key');
  }
  return {
    sessionKey,
    clientStr: pack.str('client_str'),
    clientVer: pack.int('client_ver'),
    clientBuild: pack.int('client_build'),
  };
}

export function encodeAdditionalConnectAnswer(
  answer: AdditionalConnectAnswer,
  padding?: Uint8Array,
): Pack {
  return new Pack()
    .setInt('direction', directions.indexOf(answer.direction))
    .setInt('error', 0)
    .setPadding(padding);
}

/** @throws {WireError} on a direction that does not exist. Check for an error answer first. */
export function decodeAdditionalConnectAnswer(pack: Pack): AdditionalConnectAnswer {
  const direction = directions[pack.int('direction')];
  if (direction === undefined) {
    throw new WireError('message-field-invalid', `direction ${pack.int('direction')}`);
  }
  return { direction };
}
