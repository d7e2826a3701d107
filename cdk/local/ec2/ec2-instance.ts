import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type MachineId, type MemberId, machineId, memberIdOn } from '#shared/kernel/ids.ts';
import type { Random } from '#shared/kernel/random.ts';
import type { CredentialRegistry } from '../iam/credential-registry.ts';
import type { LogFile } from '../log-file.ts';
import type { Endpoint } from '../options.ts';
import type { Reaper } from '../process/reaper.ts';
import type { MemberRecipe } from './cloud-config.ts';
import { Imds, type ImdsServices } from './imds.ts';

/** What every ec2Instance of the group is made from. */
export interface LaunchTemplate {
  readonly recipe: MemberRecipe;
  readonly bundleFolder: string;
  readonly role: { readonly roleName: string; readonly roleId: string };
}

export interface Ec2Services extends ImdsServices {
  readonly registry: CredentialRegistry;
  readonly random: Random;
  readonly reaper: Reaper;
  /** `PATH` of the agents. */
  readonly searchPath: string;
  /** Cores of each ec2Instance: so many agents run on it, as far as the template has ports. */
  readonly cores: number;
}

const unitProgram = fileURLToPath(new URL('unit.mjs', import.meta.url));
const startedSchema = z.object({ process: z.number(), agentPid: z.number().optional() });

/** One node agent of an ec2Instance, and the member it is. */
export interface InstanceAgent {
  readonly id: MemberId;
  readonly endpoint: Endpoint;
  /** Process id of the agent that runs, or ran last; 0 before the first. */
  readonly pid: number;
}

/** So many agents run on a machine: one for each core, as far as the template has ports. */
export function processesOf({ recipe }: LaunchTemplate, cores: number): number {
  return Math.min(cores, recipe.processesMax);
}

/**
 * One ec2Instance: a metadata service, and a process that stands for the machine: it runs the node
 * agents and starts them again, as the launch template's unit says.
 */
export class Ec2Instance {
  readonly id: MachineId;
  /** One for each agent. */
  readonly endpoints: readonly Endpoint[];
  private child: ChildProcess | undefined;
  private hasEnded = false;
  private readonly agentPids = new Map<number, number>();

  private constructor(id: MachineId, endpoints: readonly Endpoint[]) {
    this.id = id;
    this.endpoints = endpoints;
  }

  /** Launch: write `agent.json` into `folder` and run what the units would run. */
  static async launch(
    template: LaunchTemplate,
    endpoints: readonly [Endpoint, ...Endpoint[]],
    folder: string,
    log: LogFile,
    services: Ec2Services,
    onEnded: (instance: Ec2Instance, how: string) => void,
  ): Promise<Ec2Instance> {
    const id = machineId(`i-${services.random.bytes(9).toString('hex').slice(0, 17)}`);
    const [{ address }] = endpoints;
    const processes = endpoints.length;
    const imds = new Imds(
      {
        instanceId: id,
        address,
        principal: { kind: 'role', ...template.role, sessionName: id },
      },
      services,
    );
    const instance = new Ec2Instance(id, endpoints);
    const configFile = join(folder, 'agent.json');
    await mkdir(folder, { recursive: true });
    const listen = { address, ports: endpoints.map(({ port }) => port) };
    const config = { ...template.recipe.agentConfig, listen };
    await writeFile(configFile, `${JSON.stringify(config, undefined, 2)}\n`);
    const child = spawn(
      process.execPath,
      [
        unitProgram,
        JSON.stringify({ processes, ...template.recipe.unit }),
        process.execPath,
        ...template.recipe.nodeArguments(template.bundleFolder, configFile, processes),
      ],
      {
        cwd: folder,
        env: {
          PATH: services.searchPath,
          AWS_EC2_METADATA_SERVICE_ENDPOINT: await imds.start(),
          AWS_CONFIG_FILE: devNull,
          AWS_SHARED_CREDENTIALS_FILE: devNull,
        },
        // Ctrl-C is for the stack, which then ends members in its own order; and a machine that is
        // killed takes with it what it runs.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      },
    );
    services.reaper.watch(child);
    instance.child = child;
    child.on('message', (message) => {
      const started = startedSchema.parse(message);
      instance.agentPids.set(started.process, started.agentPid ?? 0);
    });
    child.stdout?.on('data', (chunk: Buffer) => log.append(chunk));
    child.stderr?.on('data', (chunk: Buffer) => log.append(chunk));
    const end = (how: string): void => {
      if (instance.hasEnded) return;
      instance.hasEnded = true;
      instance.killGroup(); // whoever killed the machine: no agent outlives it
      imds.stop();
      onEnded(instance, how);
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (status, signal) => end(signal ?? `exit status ${status}`));
    return instance;
  }

  get running(): boolean {
    return !this.hasEnded;
  }

  /** Process id of the machine, so to speak; kept after its end. */
  get pid(): number {
    return this.child?.pid ?? 0;
  }

  get agents(): readonly InstanceAgent[] {
    return this.endpoints.map((endpoint, process) => ({
      id: memberIdOn(this.id, process),
      endpoint,
      pid: this.agentPids.get(process) ?? 0,
    }));
  }

  /** SIGTERM lets the agents end in order; SIGKILL is a machine that lost power. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (!this.running) return;
    if (signal === 'SIGTERM') this.child?.kill(signal);
    else this.killGroup();
  }

  private killGroup(): void {
    try {
      if (this.pid > 0) process.kill(-this.pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // nobody is left of it
    }
  }
}
