import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { DataFolder } from '#cdk/local/data-folder.ts';
import { type Deployment, deploy } from '#cdk/local/deployment.ts';
import { close, listen } from '#cdk/local/http-server.ts';
import { Reaper } from '#cdk/local/process/reaper.ts';
import type { Assembly } from '#cdk/local/synth/assembly.ts';
import { systemClock, systemRandom, systemTimers } from '#cdk/local/system.ts';
import type { Template } from '#cdk/local/template/template.ts';
import { Trouble } from '#cdk/local/trouble.ts';
import { synthesized } from '../template.ts';

/** A deployment without members, and what was told at the terminal meanwhile. */
export interface Deployed {
  readonly deployment: Deployment;
  readonly told: readonly string[];
  /** Of the front door. */
  readonly port: number;
  stop(): Promise<void>;
}

export interface DeployedOptions {
  /** What an earlier one left, and a later one finds. */
  readonly data?: string;
  readonly frontDoor?: string;
  /** Another template instead of the synthesized one. */
  readonly change?: (resources: Resources) => void;
  /** Folders of bundles by their keys, beside those that were made. */
  readonly bundles?: Readonly<Record<string, string>>;
}

/** Resources of a template, to be changed at will. */
export type Resources = Record<string, { Type: string; Properties: Record<string, unknown> }>;

export function dataFolder(): string {
  return mkdtempSync(join(tmpdir(), 'etherfleet-deployed-'));
}

/** Deploy the synthesized template, or a variation of it; it ends with the test at the latest. */
export async function deployed(
  context: TestContext,
  options: DeployedOptions = {},
): Promise<Deployed> {
  const { assembly } = await synthesized();
  const port = await freePort();
  const told: string[] = [];
  const data = await DataFolder.open(options.data, dataFolder());
  const trouble = new Trouble(join(data.logs, 'local.log'), (line) => told.push(line));
  const reaper = new Reaper();
  try {
    const deployment = await deploy({
      assembly: varied(assembly, options),
      frontDoor: { address: options.frontDoor ?? '127.0.0.1', port },
      adminPassword: 'test-pw',
      data,
      reaper,
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      trouble,
    });
    const stop = async (): Promise<void> => {
      await deployment.stop();
      reaper.stop();
      trouble.close();
    };
    context.after(stop);
    return { deployment, told, port, stop };
  } catch (error) {
    reaper.stop();
    trouble.close();
    throw error;
  }
}

/** One nobody listens on now: other test files deploy too. */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, '127.0.0.1', 0);
  await close(server);
  return port;
}

function varied(assembly: Assembly, { bundles, change }: DeployedOptions): Assembly {
  const template = structuredClone(assembly.template);
  change?.(template.Resources as Resources);
  return {
    template: template as Template,
    assetDirectory: (objectKey) => bundles?.[objectKey] ?? assembly.assetDirectory(objectKey),
  };
}

/** The one resource of a type whose logical id begins so. */
export function resourceOf(resources: Resources, type: string, prefix = ''): Resources[string] {
  const found = Object.entries(resources).filter(
    ([id, { Type }]) => Type === type && id.startsWith(prefix),
  );
  const [first, second] = found;
  if (first === undefined || second !== undefined) throw new Error(`not one ${type} ${prefix}`);
  return first[1];
}
