import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { devNull } from 'node:os';
import { join } from 'node:path';
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
}

/** One ec2Instance: a metadata service and a node agent, in a process of its own. */
export class Ec2Instance {
  readonly id: string;
  readonly endpoint: Endpoint;
  private child: ChildProcess | undefined;
  private hasEnded = false;

  private constructor(id: string, endpoint: Endpoint) {
    this.id = id;
    this.endpoint = endpoint;
  }

  /** Launch: write `agent.json` into `folder` and run what the unit would run. */
  static async launch(
    template: LaunchTemplate,
    endpoint: Endpoint,
    folder: string,
    log: LogFile,
    services: Ec2Services,
    onEnded: (instance: Ec2Instance, how: string) => void,
  ): Promise<Ec2Instance> {
    const id = `i-${services.random.bytes(9).toString('hex').slice(0, 17)}`;
    const imds = new Imds(
      {
        instanceId: id,
        address: endpoint.address,
        principal: { ...template.role, sessionName: id },
      },
      services,
    );
    const instance = new Ec2Instance(id, endpoint);
    const configFile = join(folder, 'agent.json');
    await mkdir(folder, { recursive: true });
    const config = { ...template.recipe.agentConfig, listen: endpoint };
    await writeFile(configFile, `${JSON.stringify(config, undefined, 2)}\n`);
    const child = spawn(
      process.execPath,
      template.recipe.nodeArguments(template.bundleFolder, configFile),
      {
        cwd: folder,
        env: {
          PATH: services.searchPath,
          AWS_EC2_METADATA_SERVICE_ENDPOINT: await imds.start(),
          AWS_CONFIG_FILE: devNull,
          AWS_SHARED_CREDENTIALS_FILE: devNull,
        },
        detached: true, // Ctrl-C is for the stack, which then ends members in its own order
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    services.reaper.watch(child);
    instance.child = child;
    child.stdout.on('data', (chunk: Buffer) => log.append(chunk));
    child.stderr.on('data', (chunk: Buffer) => log.append(chunk));
    const end = (how: string): void => {
      if (instance.hasEnded) return;
      instance.hasEnded = true;
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

  /** Process id of the agent; kept after its end. */
  get pid(): number {
    return this.child?.pid ?? 0;
  }

  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.running) this.child?.kill(signal);
  }
}
