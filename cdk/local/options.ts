import { isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { processesMax } from '#shared/kernel/ids.ts';

/** An IPv4 literal and a TCP port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export const endpointText = ({ address, port }: Endpoint): string => `${address}:${port}`;

/** What `npm start` was asked for. */
export interface Options {
  readonly frontDoor: Endpoint;
  readonly members: readonly Endpoint[];
  /** So many of them at first, and then as many as the template's scaling says. */
  readonly desired: number | undefined;
  /** Of each member's machine: so many agents run on it. */
  readonly cores: number;
  readonly adminPassword: string | undefined;
  /** Folder whose content survives; without one, state ends with the cluster. */
  readonly dataFolder: string | undefined;
  readonly replaceAfterMs: number;
  readonly stateFile: string;
  /** As `cdk deploy -c`: `name=value` each. */
  readonly context: readonly string[];
  readonly demo: boolean;
}

const defaultMembers: readonly Endpoint[] = [10_443, 10_444, 10_445].map((port) => ({
  address: '127.0.0.1',
  port,
}));

/** Read the command line; a mistake in it is explained and ends the process. */
export function parseOptions(argv: readonly string[], root: string): Options {
  const command = new Command('npm start --')
    .description('Run the synthesized stack on this machine: a front door and members.')
    .addOption(
      new Option('--front-door <ADDR:PORT>', 'where clients and administrators connect')
        .argParser(parseEndpoint)
        .default({ address: '127.0.0.1', port: 8_443 }, '127.0.0.1:8443'),
    )
    .addOption(
      new Option(
        '--member <ADDR:PORT>',
        'a member, repeatable (default: three on loopback)',
      ).argParser((text: string, given: readonly Endpoint[] | undefined) => [
        ...(given ?? []),
        parseEndpoint(text),
      ]),
    )
    .addOption(
      new Option(
        '--desired <N>',
        'so many members at first, then as the template scales them (default: all, always)',
      ).argParser(parseCount),
    )
    .addOption(
      new Option('--cores <N>', 'agents of each machine, a member each, further ones on free ports')
        .argParser(parseCores)
        .default(1),
    )
    .option('--admin-password <PW>', 'server administrator password (default: generated)')
    .option('--data <DIR>', 'keep state across runs in this folder')
    .addOption(
      new Option('--replace-after <SECONDS>', 'when the group replaces a dead member')
        .argParser(parseSeconds)
        .default(60),
    )
    .option('--state <FILE>', 'kept current while the cluster runs (default: .local/cluster.json)')
    .addOption(
      new Option(
        '--context <NAME=VALUE>',
        'a context value of the CDK application, repeatable',
      ).argParser((text: string, given: readonly string[] | undefined) => [
        ...(given ?? []),
        parseContext(text),
      ]),
    )
    .option('--demo', 'make hubs, connect built-in clients and watch them', false)
    .parse(argv, { from: 'user' });
  const given = command.opts<{
    frontDoor: Endpoint;
    member?: readonly Endpoint[];
    desired?: number;
    cores: number;
    adminPassword?: string;
    data?: string;
    replaceAfter: number;
    state?: string;
    context?: readonly string[];
    demo: boolean;
  }>();
  const members = given.member ?? defaultMembers;
  const texts = [given.frontDoor, ...members].map(endpointText);
  const twice = texts.find((text, index) => texts.indexOf(text) !== index);
  if (twice !== undefined) command.error(`error: ${twice} is given twice`);
  return {
    frontDoor: given.frontDoor,
    members,
    desired: given.desired,
    cores: given.cores,
    adminPassword: given.adminPassword,
    dataFolder: given.data === undefined ? undefined : resolve(given.data),
    replaceAfterMs: given.replaceAfter * 1_000,
    stateFile: resolve(given.state ?? `${root}/.local/cluster.json`),
    context: given.context ?? [],
    demo: given.demo,
  };
}

function parseEndpoint(text: string): Endpoint {
  const [address = '', port = '', ...rest] = text.split(':');
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (!isIPv4(address) || rest.length > 0 || number < 1 || number > 65_535) {
    throw new InvalidArgumentError('expected an IPv4 address and a port, such as 127.0.0.1:8443');
  }
  return { address, port: number };
}

function parseCount(text: string): number {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected how many, at most 99');
}

function parseContext(text: string): string {
  if (/^[^=]+=/.test(text)) return text;
  throw new InvalidArgumentError('expected NAME=VALUE, such as onPremises=berlin@203.0.113.7');
}

function parseCores(text: string): number {
  if (/^[1-9]\d?$/.test(text) && Number(text) <= processesMax) return Number(text);
  throw new InvalidArgumentError(`expected a number from 1 to ${processesMax}`);
}

function parseSeconds(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds <= 86_400)) throw new InvalidArgumentError('expected seconds, at most a day');
  return seconds;
}
