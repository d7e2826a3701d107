import type { Pack } from './pack.ts';

/** What a PACK posted to `vpn.cgi` asks for (`protocol/02` §7). */
export type Method =
  | 'login'
  | 'additional_connect'
  | 'admin'
  | 'farm_connect'
  | 'enum_hub'
  | 'password'
  /** Sent by clients while their user is being asked something (`protocol/02` §1, 2a). */
  | 'noop'
  /** Only padding: the acknowledgement of a Redirect or an error; needs no particular answer. */
  | 'empty'
  | 'unknown';

const named: readonly Method[] = [
  'login',
  'additional_connect',
  'admin',
  'farm_connect',
  'enum_hub',
  'password',
];

export function readMethod(pack: Pack): Method {
  if (pack.bool('noop')) return 'noop';
  if (!pack.has('method')) return 'empty';
  const text = pack.str('method').toLowerCase();
  return named.find((method) => method === text) ?? 'unknown';
}
