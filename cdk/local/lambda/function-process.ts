import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Credentials } from '../iam/credential-registry.ts';
import type { LogFile } from '../log-file.ts';
import type { Reaper } from '../process/reaper.ts';
import { Lines } from './lines.ts';

/** A function as the template describes it, ready to run here. */
export interface LocalFunction {
  readonly name: string;
  readonly arn: string;
  /** Folder of the bundle. */
  readonly directory: string;
  /** `index.handler` */
  readonly handler: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  /** Most invocations at a time, where the template says so. */
  readonly reservedConcurrency?: number;
  /** Whether it may be invoked by messages it sent itself, again and again. */
  readonly mayLoop?: boolean;
  /** Of its role: for whatever AWS does in the function's name. */
  readonly credentials: Credentials;
  /** All of the process's environment. */
  readonly environment: Readonly<Record<string, string>>;
}

const messageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('answer'), payload: z.string() }),
  z.object({ kind: z.literal('error'), errorType: z.string(), errorMessage: z.string() }),
]);

/** How one invocation ended. */
export type Outcome =
  | { readonly kind: 'answer'; readonly payload: string }
  | { readonly kind: 'error'; readonly errorType: string; readonly errorMessage: string }
  | { readonly kind: 'throttled' };

export interface ProcessEvents {
  readonly onIdle: () => void;
  /** A line of its output. */
  readonly onLine: (line: string) => void;
  readonly onExit: (process: FunctionProcess, description: string) => void;
}

/** Of a module that does not load, so much of its output is looked at. */
const lastWordsMax = 8_192;

/** One execution environment: a Node process that has loaded the function. */
export class FunctionProcess {
  state: 'starting' | 'idle' | 'busy' | 'ended' = 'starting';
  /** Whether the function's module ever loaded. */
  wasReady = false;
  private readonly child: ChildProcess;
  private readonly events: ProcessEvents;
  private lastWords = '';
  private settle: ((outcome: Outcome) => void) | undefined;

  constructor(spec: LocalFunction, log: LogFile, reaper: Reaper, events: ProcessEvents) {
    this.events = events;
    this.child = fork(fileURLToPath(new URL('runtime.mjs', import.meta.url)), {
      cwd: spec.directory,
      env: { ...spec.environment },
      execArgv: [`--max-old-space-size=${spec.memoryMb}`],
      detached: true, // Ctrl-C is for the stack, which ends this process when it is time
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    reaper.watch(this.child);
    const lines = new Lines(events.onLine);
    this.child.stdout?.on('data', (chunk: Buffer) => {
      log.append(chunk);
      lines.push(chunk);
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      log.append(chunk);
      if (!this.wasReady) this.lastWords = (this.lastWords + chunk).slice(-lastWordsMax);
    });
    this.child.on('message', (message) => this.handle(messageSchema.parse(message)));
    this.child.on('error', (error) => this.end(error.message));
    this.child.once('exit', (code, signal) => {
      const how = signal === null ? `exit status ${code}` : `signal: ${signal}`;
      this.end(this.thrown === undefined ? how : `${how}: ${this.thrown}`);
    });
  }

  /** Invoke the idle process; only one invocation at a time. */
  run(message: Readonly<Record<string, unknown>>): Promise<Outcome> {
    this.state = 'busy';
    return new Promise((resolve) => {
      this.settle = resolve;
      this.child.send(message, (error) => {
        if (error !== null) this.kill();
      });
    });
  }

  /** The error that kept the module from loading, as Node prints it. */
  private get thrown(): string | undefined {
    return this.wasReady ? undefined : /^\w*Error: .*$/m.exec(this.lastWords)?.[0];
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private handle(message: z.infer<typeof messageSchema>): void {
    this.state = 'idle';
    this.wasReady = true;
    if (message.kind !== 'ready') this.finish(message);
    this.events.onIdle();
  }

  private end(description: string): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.finish({
      kind: 'error',
      errorType: 'Runtime.ExitError',
      errorMessage: `Runtime exited with error: ${description}`,
    });
    this.events.onExit(this, description);
  }

  private finish(outcome: Outcome): void {
    this.settle?.(outcome);
    this.settle = undefined;
  }
}
