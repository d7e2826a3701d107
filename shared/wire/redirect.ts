import { Pack } from './pack.ts';
import { sha0Bytes } from './sha0.ts';
import { WireError } from './wire-error.ts';

/** Bytes of a ticket. */
export const ticketBytes = sha0Bytes;
/** Ports a Redirect may list. */
export const redirectPortsMax = 128;

/**
 * "Go to this member" (`protocol/04` §1). The certificate is what the client will compare with the
 * member's, byte for byte; without it some clients crash, so it is never left out.
 */
export interface Redirect {
  /** The member's IPv4 address, as text. There is no other way to name a member. */
  readonly address: string;
  /** The client stays on the port it is connected to if listed, else takes the first. */
  readonly ports: readonly number[];
  readonly ticket: Buffer;
  /** DER of the certificate the member presents. */
  readonly certificate: Buffer;
  /** Shown to the user. */
  readonly message?: string;
}

export function encodeRedirect(redirect: Redirect, padding?: Uint8Array): Pack {
  const pack = new Pack().setData('Cert', redirect.certificate).setIp4('Ip', redirect.address);
  if (redirect.message) pack.setData('Msg', Buffer.from(redirect.message));
  return pack
    .setInts('Port', redirect.ports)
    .setInt('Redirect', 1)
    .setData('Ticket', redirect.ticket)
    .setPadding(padding);
}

/** Whether an answer to a login is a Redirect. */
export function isRedirect(pack: Pack): boolean {
  return pack.bool('Redirect');
}

/** @throws {WireError} if address, port, ticket or certificate are missing or of no use. */
export function decodeRedirect(pack: Pack): Redirect {
  const address = pack.ip4('Ip');
  const ports = pack.ints('Port');
  const ticket = pack.bytes('Ticket', ticketBytes);
  const certificate = pack.data('Cert');
  if (address === undefined || ticket === undefined || !certificate?.length) {
    throw new WireError('message-field-missing', 'Redirect without Ip, Ticket or Cert');
  }
  if (ports.length === 0 || ports.length > redirectPortsMax || !ports.every(isPort)) {
    throw new WireError('message-field-invalid', `Redirect with ports ${ports.slice(0, 8)}`);
  }
  const message = pack.data('Msg')?.toString();
  return { address, ports, ticket, certificate, ...(message ? { message } : {}) };
}

function isPort(value: number): boolean {
  return value >= 1 && value <= 65_535;
}
