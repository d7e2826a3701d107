import { z } from 'zod';
import { memberPaths } from '../../constructs/member-paths.ts';
import { TemplateError } from '../template/template.ts';

const header = '#cloud-config\n';

const documentSchema = z.object({
  write_files: z.array(z.object({ path: z.string(), content: z.string() })),
  runcmd: z.array(z.array(z.string())),
});

const configSchema = z.looseObject({ listen: z.looseObject({ ports: z.array(z.number()) }) });
/** In the unit: what the start script has counted. */
const processesVariable = /\$\{PROCESSES\}/;

/** What a launch template's user data makes of a machine, as far as it can be done here. */
export interface MemberRecipe {
  /** The agent's bundle: what the machine would download from S3. */
  readonly bundle: { readonly bucket: string; readonly key: string };
  /** `agent.json` as it is on the machine. */
  readonly agentConfig: Readonly<Record<string, unknown>>;
  /** Most processes of one machine: it has no ports for more. */
  readonly processesMax: number;
  /**
   * Arguments of Node from the unit's `ExecStart`, with its two paths replaced and the number of
   * processes filled in; `%i` in them is the number of one.
   */
  readonly nodeArguments: (bundleFolder: string, configFile: string, processes: number) => string[];
  readonly unit: UnitRules;
}

/** What systemd does when an agent ends, and when it is to end. */
export interface UnitRules {
  readonly restartMs: number;
  /** It is not started again after these. */
  readonly doneStatuses: readonly number[];
  readonly stopMs: number;
}

/** Read user data: `#cloud-config` whose YAML body is JSON. */
export function readCloudConfig(userData: string): MemberRecipe {
  if (!userData.startsWith(header)) throw new TemplateError('user data is no #cloud-config');
  const document = documentSchema.parse(JSON.parse(userData.slice(header.length)));
  const file = (path: string): string => {
    const content = document.write_files.find((written) => written.path === path)?.content;
    if (content === undefined) throw new TemplateError(`user data does not write ${path}`);
    return content;
  };
  const unit = file(memberPaths.unit);
  const command = settingOf(unit, 'ExecStart')?.replace(/^\S+ /, '');
  if (command === undefined) throw new TemplateError('the unit has no ExecStart');
  assertStarts(document.runcmd, file(memberPaths.startScript));
  const agentConfig = configSchema.parse(JSON.parse(file(memberPaths.config)));
  return {
    bundle: downloaded(document.runcmd),
    agentConfig,
    processesMax: agentConfig.listen.ports.length,
    unit: rulesOf(unit),
    nodeArguments: (bundleFolder, configFile, processes) =>
      command
        .replace(processesVariable, String(processes))
        .split(' ')
        .map((word) => (word === memberPaths.config ? configFile : word))
        .map((word) => word.replace(`${memberPaths.program}/`, `${bundleFolder}/`)),
  };
}

/** The script is not run here: what it does is done, if it is what it was. */
function assertStarts(commands: readonly (readonly string[])[], script: string): void {
  if (!commands.some(([program]) => program === memberPaths.startScript)) {
    throw new TemplateError(`user data does not run ${memberPaths.startScript}`);
  }
  const steps = [
    /^cores=\$\(nproc\)$/m,
    / > \/etc\/etherfleet\/machine\.env$/m,
    /etherfleet@\$process/,
  ];
  const missing = steps.find((step) => !step.test(script));
  if (missing !== undefined) throw new TemplateError(`the start script lacks ${missing.source}`);
}

/** The lines that say how the agent lives and ends; a rule nobody follows here is an error. */
function rulesOf(unit: string): UnitRules {
  const restart = settingOf(unit, 'Restart');
  if (restart !== 'always') throw new TemplateError(`the unit says Restart=${restart}`);
  return {
    restartMs: milliseconds(settingOf(unit, 'RestartSec')),
    doneStatuses: (settingOf(unit, 'RestartPreventExitStatus') ?? '').split(' ').map(Number),
    stopMs: milliseconds(settingOf(unit, 'TimeoutStopSec')),
  };
}

function settingOf(unit: string, name: string): string | undefined {
  return new RegExp(`^${name}=(.+)$`, 'm').exec(unit)?.[1];
}

/** A time span as systemd reads it: seconds, unless it says otherwise. */
function milliseconds(span: string | undefined): number {
  const [, number, unit] = /^(\d+)(ms|s)?$/.exec(span ?? '') ?? [];
  if (number === undefined)
    throw new TemplateError(`the unit's time span ${span} is not read here`);
  return Number(number) * (unit === 'ms' ? 1 : 1_000);
}

/** The one object the machine copies from S3. */
function downloaded(commands: readonly (readonly string[])[]): MemberRecipe['bundle'] {
  const copies = commands.filter(([program, service]) => program === 'aws' && service === 's3');
  const source = copies[0]?.find((word) => word.startsWith('s3://'));
  if (copies.length !== 1 || source === undefined) {
    throw new TemplateError('user data must download exactly one object from S3');
  }
  const { hostname: bucket, pathname } = new URL(source);
  return { bucket, key: pathname.slice(1) };
}
