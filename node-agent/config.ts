import { isIPv4 } from 'node:net';
import { isAbsolute, join } from 'node:path';
import * as z from 'zod';
import { processesMax } from '#shared/kernel/ids.ts';

const ip4 = z.string().refine(isIPv4, 'an IPv4 address');

const port = z.number().int().min(1).max(65_535);

/**
 * The file named by `--config`, the same for all processes of a machine. Who this node is comes
 * from its credentials.
 */
const configSchema = z.strictObject({
  agentApiUrl: z.url({ protocol: /^https?$/ }),
  region: z.string().min(1).max(64),
  /** Most sessions of one process. */
  capacity: z.number().int().min(1).max(100_000),
  weight: z.number().int().min(1).max(10_000),
  listen: z
    .strictObject({
      address: ip4,
      /** Each process has one of its own: the first has the first, and so on. */
      ports: z
        .array(port)
        .min(1)
        .max(processesMax)
        .refine((ports) => new Set(ports).size === ports.length, 'a port is named twice')
        .optional(),
      /** The same for a machine that runs one. */
      port: port.optional(),
    })
    .refine(({ port: one, ports }) => (one === undefined) !== (ports === undefined), {
      error: 'either ports or port',
    })
    .transform(({ address, port: one, ports = [] }) => ({
      address,
      ports: one === undefined ? ports : [one],
    })),
  /** Only of a member outside AWS: what it has no metadata service for. */
  onPremises: z
    .strictObject({
      /** Where clients come to. */
      publicAddress: ip4,
      /** Where other members ask; the public address, if left out. */
      witnessAddress: ip4.optional(),
      /**
       * Keys of this machine's user, in the format of AWS's shared credentials file. A name alone
       * is that of a credential systemd has loaded.
       */
      credentialsFile: z.string().min(1),
    })
    .optional(),
});
type MachineConfig = z.infer<typeof configSchema>;

/** What one process of a machine is told. */
export interface AgentConfig extends Omit<MachineConfig, 'listen'> {
  readonly listen: { readonly address: string; readonly port: number };
  /** Its number on the machine. */
  readonly process?: number;
  /** So many run there, if that is known. */
  readonly processes?: number;
}

/** What it is told beside: which process this is, of how many. */
export interface ProcessOptions {
  readonly process?: string | undefined;
  readonly processes?: string | undefined;
  /** Where systemd puts credentials. */
  readonly credentialsFolder?: string | undefined;
}

export type ConfigOutcome =
  | { readonly kind: 'ok'; readonly config: AgentConfig }
  | { readonly kind: 'invalid'; readonly problems: string };

/** Read a machine's configuration for one of its processes; every problem is named. */
export function parseConfig(text: string, options: ProcessOptions = {}): ConfigOutcome {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { kind: 'invalid', problems: `not JSON: ${String(error)}` };
  }
  const parsed = configSchema.safeParse(json);
  if (parsed.success) return configOf(parsed.data, options);
  return { kind: 'invalid', problems: z.prettifyError(parsed.error).replaceAll('\n', '; ') };
}

function configOf(machine: MachineConfig, options: ProcessOptions): ConfigOutcome {
  const process = numberOf(options.process ?? '0');
  const processes = options.processes === undefined ? undefined : numberOf(options.processes);
  const { address, ports } = machine.listen;
  const ownPort = ports[process];
  if (ownPort === undefined) {
    const problems = `no port for process ${options.process}: listen.ports has ${ports.length}`;
    return { kind: 'invalid', problems };
  }
  if (processes !== undefined && !(processes > process && processes <= ports.length)) {
    const problems = `process ${process} of ${options.processes} on ${ports.length} ports`;
    return { kind: 'invalid', problems };
  }
  const listen = { address, port: ownPort };
  const { onPremises } = machine;
  return {
    kind: 'ok',
    config: {
      ...{ ...machine, listen, process },
      ...(processes !== undefined && { processes }),
      ...(onPremises !== undefined && { onPremises: withCredentials(onPremises, options) }),
    },
  };
}

function withCredentials(
  place: NonNullable<MachineConfig['onPremises']>,
  { credentialsFolder }: ProcessOptions,
): typeof place {
  const { credentialsFile } = place;
  if (credentialsFolder === undefined || isAbsolute(credentialsFile)) return place;
  return { ...place, credentialsFile: join(credentialsFolder, credentialsFile) };
}

/** Decimal digits, or what no comparison holds for. */
function numberOf(text: string): number {
  return /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
}
