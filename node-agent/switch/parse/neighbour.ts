import { u16 } from './bytes.ts';
import { ip6HeaderBytes } from './ip6.ts';
import { ipProtocol } from './packet.ts';

const routerSolicitation = 133;
const routerAdvertisement = 134;
const dhcp6Client = 546;
const dhcp6Server = 547;

/**
 * Whether the IPv6 packet at `at` is how a host comes by an address: a router solicitation or
 * advertisement, or DHCPv6, sent as hosts do, without extension headers.
 */
export function isRouterOrDhcp6(frame: Uint8Array, at: number): boolean {
  const payload = at + ip6HeaderBytes;
  const protocol = frame[at + 6];
  if (protocol === ipProtocol.icmp6) {
    const type = frame[payload];
    return type === routerSolicitation || type === routerAdvertisement;
  }
  const port = u16(frame, payload + 2);
  return protocol === ipProtocol.udp && (port === dhcp6Client || port === dhcp6Server);
}
