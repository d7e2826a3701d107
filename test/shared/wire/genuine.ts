import assert from 'node:assert/strict';
import { decodePack, encodePack, loginPackLimits, type Pack } from '#shared/wire/pack.ts';
import { WireError, type WireErrorCode } from '#shared/wire/wire-error.ts';
import { captureBody } from '#test/support/captures.ts';

/** The PACK of a captured HTTP message. */
export function genuine(name: string): Pack {
  return decodePack(captureBody(name), loginPackLimits);
}

/** The PACK as the other side gets it. */
export function sent(pack: Pack): Pack {
  return decodePack(encodePack(pack), loginPackLimits);
}

export function assertRefused(code: WireErrorCode, action: () => unknown): void {
  assert.throws(action, (error) => error instanceof WireError && error.code === code);
}
