import { isIPv4 } from 'node:net';
import * as z from 'zod';

const ip4 = z.string().refine(isIPv4, 'an IPv4 address');

/** The file named by `--config`. Who this node is comes from its credentials. */
const configSchema = z.strictObject({
  agentApiUrl: z.url({ protocol: /^https?$/ }),
  region: z.string().min(1).max(64),
  capacity: z.number().int().min(1).max(100_000),
  weight: z.number().int().min(1).max(10_000),
  listen: z.strictObject({
    address: ip4,
    port: z.number().int().min(1).max(65_535),
  }),
  /** Only of a member outside AWS: what it has no metadata service for. */
  onPremises: z
    .strictObject({
      /** Where clients come to. */
      publicAddress: ip4,
      /** Where other members ask; the public address, if left out. */
      witnessAddress: ip4.optional(),
      /** Keys of this member's user, in the format of AWS's shared credentials file. */
      credentialsFile: z.string().min(1),
    })
    .optional(),
});
export type AgentConfig = z.infer<typeof configSchema>;

export type ConfigOutcome =
  | { readonly kind: 'ok'; readonly config: AgentConfig }
  | { readonly kind: 'invalid'; readonly problems: string };

/** Read a configuration; every problem is named. */
export function parseConfig(text: string): ConfigOutcome {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { kind: 'invalid', problems: `not JSON: ${String(error)}` };
  }
  const parsed = configSchema.safeParse(json);
  if (parsed.success) return { kind: 'ok', config: parsed.data };
  return { kind: 'invalid', problems: z.prettifyError(parsed.error).replaceAll('\n', '; ') };
}
