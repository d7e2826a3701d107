import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../fixtures/captures/', import.meta.url);

/** Every captured byte stream by file name without `.hex`; see the README beside them. */
export const captureNames: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith('.hex'))
  .map((file) => file.slice(0, -'.hex'.length))
  .sort();

/** The bytes one side sent. */
export function capture(name: string): Buffer {
  const hex = readFileSync(new URL(`${name}.hex`, folder), 'latin1').replace(/\s/g, '');
  return Buffer.from(hex, 'hex');
}

/** The body of a captured HTTP message: for most, one PACK. */
export function captureBody(name: string): Buffer {
  const bytes = capture(name);
  const head = bytes.indexOf('\r\n\r\n');
  if (head < 0) throw new Error(`${name} is no HTTP message`);
  return bytes.subarray(head + 4);
}

/** Captured HTTP messages whose body is a PACK. */
export const packCaptureNames: readonly string[] = captureNames.filter(
  (name) =>
    !/probe|connect-cgi|stream|rpc/.test(name) &&
    capture(name).includes('application/octet-stream'),
);

/** The PACKs of captured administration frames: u32 length, PACK. */
export const rpcCaptureNames: readonly string[] = captureNames.filter((name) => /rpc/.test(name));
export const streamCaptureNames: readonly string[] = captureNames.filter((name) =>
  name.endsWith('-stream'),
);
