import type { SourceRule } from '#shared/contract/access-rule.ts';
import { compareRanks } from './rule-order.ts';

/**
 * Whether a hub's source-IP list lets a client in from this address (protocol/06 §6): the first
 * rule in order that matches decides; without one everybody may. What is no address is let in only
 * where there is no list.
 */
export function admitsSource(rules: readonly SourceRule[], address: string): boolean {
  if (rules.length === 0) return true;
  const hex = addressHex(address);
  if (hex === undefined) return false;
  const decisive = inOrder(rules).find((rule) => matches(rule, hex));
  return decisive === undefined || !decisive.deny;
}

/** A source-IP list in the order in which its rules are tried. */
export function inOrder(rules: readonly SourceRule[]): readonly SourceRule[] {
  const rank = (rule: SourceRule) => ({ ...rule, refuses: rule.deny });
  return rules.toSorted((one, other) => compareRanks(rank(one), rank(other)));
}

function matches({ address, mask }: SourceRule, hex: string): boolean {
  if (address.length !== hex.length) return false;
  if (mask === undefined) return address === hex;
  for (let i = 0; i < hex.length; i += 8) {
    const bits = word(mask, i);
    if ((word(address, i) & bits) !== (word(hex, i) & bits)) return false;
  }
  return true;
}

function word(hex: string, offset: number): number {
  return Number.parseInt(hex.slice(offset, offset + 8), 16) | 0;
}

/** 8 digits for IPv4, also as part of IPv6 (RFC 4291 §2.5.5.2); 32 for IPv6. */
export function addressHex(address: string): string | undefined {
  const [bare = ''] = address.toLowerCase().split('%');
  if (!bare.includes(':')) return ip4Hex(bare);
  const hex = ip6Hex(bare);
  const mapped = `${'0'.repeat(20)}ffff`;
  return hex?.startsWith(mapped) ? hex.slice(mapped.length) : hex;
}

function ip4Hex(address: string): string | undefined {
  const parts = address.split('.');
  const valid = parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
  return valid && parts.length === 4
    ? parts.map((part) => hexOf(Number(part), 2)).join('')
    : undefined;
}

function ip6Hex(address: string): string | undefined {
  const [left = '', right, ...more] = address.split('::');
  if (more.length > 0) return undefined;
  const head = groupsHex(left);
  const tail = right === undefined ? '' : groupsHex(right);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 32 - head.length - tail.length;
  if (right === undefined ? missing !== 0 : missing < 4) return undefined;
  return head + '0'.repeat(missing) + tail;
}

/** Groups of up to four digits, the last two perhaps as IPv4. */
function groupsHex(text: string): string | undefined {
  if (text === '') return '';
  const groups = text.split(':').map((group) => {
    if (group.includes('.')) return ip4Hex(group);
    return /^[0-9a-f]{1,4}$/.test(group) ? group.padStart(4, '0') : undefined;
  });
  return groups.includes(undefined) ? undefined : groups.join('');
}

function hexOf(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
