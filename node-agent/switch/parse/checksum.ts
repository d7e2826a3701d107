import { u16 } from './bytes.ts';

/** The sum of RFC 1071 over `length` bytes, not yet folded; `sum` is what came before them. */
export function addSum(bytes: Uint8Array, offset: number, length: number, sum = 0): number {
  let total = sum;
  const even = offset + (length & ~1);
  for (let at = offset; at < even; at += 2) total += u16(bytes, at);
  if ((length & 1) !== 0) total += (bytes[even] as number) << 8;
  return total;
}

/** What goes into a header's checksum field. */
export function foldSum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}

/** A checksum after one of the words it covers has changed (RFC 1624). */
export function updateChecksum(checksum: number, before: number, after: number): number {
  return foldSum((~checksum & 0xffff) + (~before & 0xffff) + after);
}
