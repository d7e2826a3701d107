import { Worker } from 'node:worker_threads';
import { Agent as HttpAgent } from 'undici';
import type { Clock, Timers } from '#shared/kernel/clock.ts';
import type { Log } from '#shared/kernel/log.ts';
import type { Random } from '#shared/kernel/random.ts';
import type { AgentConfig } from '../config.ts';
import { controlLimits } from '../limits.ts';
import { SignedAgentApi } from './agent-api.ts';
import type { ControlOptions, ControlPort } from './control.ts';
import { ControlHost } from './control-host.ts';
import type { ControlLink, FromControl, SharedState, ToControl } from './control-messages.ts';
import { CredentialsFile } from './credentials-file.ts';
import { ExclusiveRight, rightBytes } from './exclusive-right.ts';
import { Imds } from './imds.ts';
import { Pulse, pulseBytes } from './pulse.ts';
import { RemoteControl } from './remote-control.ts';
import { witnessSocket } from './witness-socket.ts';

/** What the agent API is asked with. */
type ApiConfig = Pick<AgentConfig, 'agentApiUrl' | 'region' | 'onPremises' | 'process'>;

/** What control's thread is started with. */
export interface ControlThreadData {
  readonly config: ApiConfig & Pick<AgentConfig, 'listen'>;
  readonly metadataEndpoint: string;
  /** Where peers reach this machine. */
  readonly localAddress: string;
  readonly shared: SharedState;
  /** Zero of the starting thread's monotonic clock, on the clock all threads share. */
  readonly clockZeroMs: number;
}

export interface ThreadServices {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  /** The data plane does not move any more: end the process, for another to be started. */
  readonly onStuck: () => void;
}

interface MessagePort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
}

/** The body of control's thread. */
export function runControlThread(
  data: ControlThreadData,
  port: MessagePort,
  services: ThreadServices,
): void {
  const { config, localAddress, metadataEndpoint, shared } = data;
  const { clock, log } = services;
  const { api } = signedApi(config, metadataEndpoint, clock);
  new ControlHost({
    ...services,
    api,
    limits: controlLimits,
    right: new ExclusiveRight(shared.right),
    openWitness: witnessSocket({ listen: config.listen, address: localAddress, log }),
    link: linkOver<FromControl, ToControl>(port),
    pulse: new Pulse(shared.pulse),
    ...controlLimits,
  });
}

/**
 * Control in a thread of its own, which begins when control starts: it loads the program once more,
 * and that must not delay the listener, for which the clients of a killed process wait. `program`
 * runs {@link runControlThread}.
 */
export function prepareControlThread(
  program: URL,
  data: Omit<ControlThreadData, 'shared'>,
  onFailed: (error: Error) => void,
): {
  readonly right: ExclusiveRight;
  readonly createControl: (options: ControlOptions) => ControlPort;
  /** End it without a word. */
  readonly end: () => void;
} {
  const shared: SharedState = {
    right: new SharedArrayBuffer(rightBytes),
    pulse: new SharedArrayBuffer(pulseBytes),
  };
  const workerData: ControlThreadData = { ...data, shared };
  let worker: Worker | undefined;
  let isOver = false;
  const listen = (onMessage: (message: FromControl) => void): void => {
    if (isOver) return;
    worker = new Worker(program, { workerData });
    linkOver<ToControl, FromControl>(worker).listen(onMessage);
    worker.on('error', (error) => onFailed(error as Error));
    worker.on('exit', (code) => {
      if (!isOver) onFailed(new Error(`the control thread has ended: ${code}`));
    });
  };
  const end = (): void => {
    isOver = true;
    void worker?.terminate();
  };
  const createControl = (options: ControlOptions): ControlPort =>
    new RemoteControl({
      ...options,
      link: { listen, post: (message) => worker?.postMessage(message) },
      pulse: new Pulse(shared.pulse),
      pulseEveryMs: controlLimits.pulseEveryMs,
    });
  return { right: new ExclusiveRight(shared.right), createControl, end };
}

/** The agent API with this machine's credentials, and the instance metadata of one in AWS. */
export function signedApi(
  config: ApiConfig,
  metadataEndpoint: string,
  clock: Clock,
): { readonly api: SignedAgentApi; readonly imds: Imds } {
  const dispatcher = new HttpAgent({
    connections: controlLimits.socketsMax,
    connect: { timeout: controlLimits.joinMs },
    headersTimeout: controlLimits.joinMs,
    bodyTimeout: controlLimits.joinMs,
  });
  const imds = new Imds({
    endpoint: metadataEndpoint,
    clock,
    dispatcher,
    deadlineMs: controlLimits.metadataMs,
  });
  const keys =
    config.onPremises === undefined ? imds : new CredentialsFile(config.onPremises.credentialsFile);
  const api = new SignedAgentApi({
    url: config.agentApiUrl,
    region: config.region,
    credentials: () => keys.credentials(),
    dispatcher,
    answerBytesMax: controlLimits.answerBytesMax,
    process: config.process ?? 0,
  });
  return { api, imds };
}

function linkOver<Out, In>(port: MessagePort): ControlLink<Out, In> {
  return {
    post: (message) => port.postMessage(message),
    listen: (onMessage) => {
      port.on('message', (message) => onMessage(message as In)); // from our own other thread
    },
  };
}
