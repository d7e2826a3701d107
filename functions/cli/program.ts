import { Command, CommanderError } from 'commander';
import * as z from 'zod';
import type { AdminCall } from './admin-client.ts';
import { CliError } from './cli-error.ts';
import {
  type Connection,
  type ConnectionOptions,
  connectionOf,
  type Surroundings,
  variables,
} from './connection.ts';
import { explained } from './explain.ts';
import {
  drainSentence,
  drainSentences,
  hubTable,
  membersOf,
  memberTable,
  sessionTable,
} from './lists.ts';

/** What the command needs of the outside. */
export interface CliPorts extends Surroundings {
  readonly callOver: (connection: Connection) => AdminCall;
  /** The answer. */
  readonly out: (text: string) => void;
  /** Everything else. */
  readonly err: (text: string) => void;
}

/** Exit statuses: the cluster or the network refused; the command line was wrong. */
export const status = { ok: 0, refused: 1, usage: 2 } as const;

/** Carry out one command line; the exit status. */
export async function run(args: readonly string[], ports: CliPorts): Promise<number> {
  try {
    await programOf(ports).parseAsync([...args], { from: 'user' });
    return status.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? status.ok : status.usage;
    ports.err(saidOf(error));
    return status.refused;
  }
}

function saidOf(error: unknown): string {
  if (error instanceof CliError) return `etherfleet: ${error.message}\n  ${error.remedy}\n`;
  if (error instanceof z.ZodError) {
    const remedy = 'the cluster is older than this command: deploy the same version';
    return `etherfleet: the answer is not in the expected form\n  ${remedy}\n`;
  }
  throw error;
}

function programOf(ports: CliPorts): Command {
  const program = new Command('etherfleet')
    .description("An operator's view of a cluster, through its administration.")
    .option('--server <URL>', `front door (${variables.server}; default: the cluster of npm start)`)
    .option('--password-file <FILE>', `holds the password (default: ${variables.password})`)
    .option('--hub-admin <HUB>', "the password is this hub's, not the server's")
    .option('--ca <FILE>', 'PEM: trust this certificate, or those it signed, and no other')
    .option('--state <FILE>', 'state file of npm start', '.local/cluster.json')
    .option('--json', 'print the answer as JSON, by the names of the JSON-RPC', false)
    .showHelpAfterError('(--help lists what there is)')
    .exitOverride()
    .configureOutput({ writeOut: ports.out, writeErr: ports.err });

  /** Call `method` and print what it answers. */
  const answer = async (
    method: string,
    params: Readonly<Record<string, unknown>>,
    shown: (result: unknown) => string,
    printed: (result: unknown) => unknown = (result) => result,
  ): Promise<void> => {
    const options = program.opts<ConnectionOptions & { readonly json: boolean }>();
    const result = await ports.callOver(connectionOf(options, ports))(method, params);
    const text = options.json ? JSON.stringify(printed(result), undefined, 2) : shown(result);
    ports.out(`${text}\n`);
  };

  program
    .command('members')
    .description('list members: state, sessions, weight, age of the lease, suspicion')
    .action(() =>
      answer('EnumFarmMember', {}, (result) => memberTable(membersOf(result)), membersOf),
    );
  program
    .command('drain')
    .argument('<member>', 'as members names it')
    .option('--machine', 'with all other members on its machine', false)
    .description('take a member out of service; asked again, tell how far that is')
    .action((member: string, { machine }: { readonly machine: boolean }) => {
      const params = { MemberId_str: member };
      return machine
        ? answer('DrainMachine', params, drainSentences)
        : answer('DrainMember', params, drainSentence);
    });
  program
    .command('hubs')
    .description('list hubs: type, state, sessions, users')
    .action(() => answer('EnumHub', {}, hubTable));
  program
    .command('sessions')
    .argument('<hub>')
    .description('list the sessions of a hub and the members they are on')
    .action((hub: string) => answer('EnumSession', { HubName_str: hub }, sessionTable));
  program
    .command('explain')
    .argument('<hub>')
    .argument('<name>', 'a user, or a session as sessions names it')
    .description('tell why a user was put where it is, and why it was last rejected')
    .action((hub: string, name: string) =>
      answer('ExplainLogin', { HubName_str: hub, Name_str: name }, explained),
    );
  return program;
}
