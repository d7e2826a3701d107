import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { assert } from '#shared/kernel/assert.ts';
import type { Log } from '#shared/kernel/log.ts';
import { selfSignedCertificate } from '#shared/x509/self-signed.ts';
import { Agent } from './agent.ts';
import { type AgentConfig, parseConfig } from './config.ts';
import {
  type ControlThreadData,
  prepareControlThread,
  runControlThread,
  signedApi,
} from './control/control-thread.ts';
import type { Imds } from './control/imds.ts';
import { controlLimits } from './limits.ts';
import {
  atEndOfTurn,
  clockOfThread,
  clockZeroMs,
  environmentVariable,
  systemClock,
  systemLog,
  systemOutput,
  systemRandom,
  systemTimers,
} from './system.ts';

const agentVersion = '0.1.0';
/** The certificate lives as long as the process, whose sessions know it by its pin (ADR 0016). */
const certificateDays = 3_650;
const ec2MetadataEndpoint = 'http://169.254.169.254';

/** What stops the process before it has begun; the message is for the person who reads the log. */
class StartFailure extends Error {}

async function main(log: Log): Promise<void> {
  const config = readConfig();
  const metadataEndpoint =
    environmentVariable('AWS_EC2_METADATA_SERVICE_ENDPOINT') ?? ec2MetadataEndpoint;
  const { api, imds } = signedApi(config, metadataEndpoint, systemClock);
  const identity = placeOutside(config) ?? (await readIdentity(imds, log));
  log.info('agent.started', { ...identity, agentVersion, port: config.listen.port });
  const { localAddress } = identity;
  const control = prepareControlThread(
    new URL(import.meta.url),
    { config, metadataEndpoint, localAddress, clockZeroMs },
    (error) => {
      // A new process is better than half of one.
      log.error('control.failed', { error: error.stack });
      process.exit(2);
    },
  );
  const agent = new Agent({
    ...control,
    config,
    publicAddress: identity.publicAddress,
    certificate: selfSignedCertificate({
      commonName: identity.publicAddress,
      validDays: certificateDays,
      nowMs: systemClock.nowMs(),
    }),
    agentVersion,
    api,
    adminApi: api,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    atEndOfTurn,
    log,
    onStopped: () => process.exit(0),
  });
  process.on('SIGTERM', () => void agent.drain('SIGTERM'));
  process.on('SIGINT', () => void agent.drain('SIGINT'));
  try {
    await agent.start();
  } catch (error) {
    throw new StartFailure('cannot listen', { cause: error });
  }
}

/** The other thread of this process; see {@link prepareControlThread}. */
function control(log: Log): void {
  assert(parentPort !== null, 'a thread has a parent');
  const data = threadData();
  runControlThread(data, parentPort, {
    clock: clockOfThread(data.clockZeroMs),
    timers: systemTimers,
    random: systemRandom,
    log,
    // Both threads: a signal to the process is all that reaches one that never listens again.
    onStuck: () => process.kill(process.pid, 'SIGKILL'),
  });
}

function threadData(): ControlThreadData {
  return workerData as ControlThreadData;
}

/** As systemd says it, before anything is checked. */
function numberInArguments(): number {
  const at = process.argv.indexOf('--process');
  return at < 0 ? 0 : Number(process.argv[at + 1]);
}

const usage = 'usage: main --config FILE [--process NUMBER [--processes COUNT]]';
const options = {
  config: { type: 'string' },
  process: { type: 'string' },
  processes: { type: 'string' },
} as const;

function readOptions() {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    throw new StartFailure(usage, { cause: error });
  }
}

function readConfig(): AgentConfig {
  const values = readOptions();
  if (values.config === undefined) throw new StartFailure(usage);
  let text: string;
  try {
    text = readFileSync(values.config, 'utf8');
  } catch (error) {
    throw new StartFailure(`cannot read ${values.config}`, { cause: error });
  }
  const credentialsFolder = environmentVariable('CREDENTIALS_DIRECTORY');
  const parsed = parseConfig(text, { ...values, credentialsFolder });
  if (parsed.kind === 'invalid') throw new StartFailure(`${values.config}: ${parsed.problems}`);
  return parsed.config;
}

interface Identity {
  /** Outside AWS a member is called what its keys' user is called; it need not know that. */
  readonly instanceId?: string;
  /** Where clients come to. */
  readonly publicAddress: string;
  /** Where other members ask. */
  readonly localAddress: string;
}

/** Where a machine outside AWS is; undefined in AWS, which tells its machines. */
function placeOutside({ onPremises }: AgentConfig): Identity | undefined {
  if (onPremises === undefined) return undefined;
  const { publicAddress, witnessAddress } = onPremises;
  return { publicAddress, localAddress: witnessAddress ?? publicAddress };
}

/** Who this machine is. A machine that has just started may need a moment to know. */
async function readIdentity(imds: Imds, log: Log): Promise<Identity> {
  for (let attempt = 1; ; attempt++) {
    try {
      return {
        instanceId: await imds.instanceId(),
        publicAddress: await imds.publicIpv4(),
        localAddress: await imds.localIpv4(),
      };
    } catch (error) {
      log.warn('metadata.failed', { attempt, error: String(error) });
      if (attempt === controlLimits.metadataTries) {
        const message = 'the instance metadata does not say who this machine is';
        throw new StartFailure(message, { cause: error });
      }
      await new Promise<void>((resolve) => systemTimers.after(controlLimits.retryMsMin, resolve));
    }
  }
}

const number = isMainThread ? numberInArguments() : threadData().config.process;
const log = systemLog(systemOutput(), number ?? 0);
if (isMainThread) main(log).catch(fail);
else control(log);

function fail(error: unknown): void {
  if (!(error instanceof Error)) throw error;
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  log.error('start.failed', { message: error.message, cause });
  process.exitCode = error instanceof StartFailure ? 1 : 2;
  process.exit();
}
