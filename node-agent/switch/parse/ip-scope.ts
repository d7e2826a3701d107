/** RFC 1918, 3927 and 6598: addresses that are a network's own. */
export function isPrivateIp4(address: number): boolean {
  const first = address >>> 24;
  const second = (address >>> 16) & 0xff;
  switch (first) {
    case 10:
      return true;
    case 100:
      return second >> 6 === 1;
    case 169:
      return second === 254;
    case 172:
      return second >> 4 === 1;
    case 192:
      return second === 168;
    default:
      return false;
  }
}

/** Neither multicast, unspecified nor loopback. */
export function isUnicastIp6(a: number, b: number, c: number, d: number): boolean {
  if (a >>> 24 === 0xff) return false;
  return !(a === 0 && b === 0 && c === 0 && (d === 0 || d === 1));
}

/** fe80::/10, by the address's first word. */
export function isLocalIp6(a: number): boolean {
  return a >>> 22 === 0x3fa;
}
