import { type ChildProcess, spawn } from 'node:child_process';

/** What a process of a bench can be asked, each with one value in and one out. */
export type Calls = Readonly<Record<string, (argument: never) => unknown>>;

interface Request {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Answer the parent process. Ends with it. */
export function serveCalls(calls: Calls): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', (request: Request) => {
    void answer(calls, request).then((reply) => process.send?.(reply));
  });
}

async function answer(calls: Calls, { id, name, argument }: Request): Promise<Reply> {
  try {
    return { id, value: await calls[name]?.(argument as never) };
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** A script of this folder in a process of its own, run inside a host's network. */
export class RemoteProcess<C extends Calls> {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #asked = 0;

  /** `inside` puts the command where it shall run: `Host.inside`. */
  constructor(script: URL, inside: (argv: readonly string[]) => string[]) {
    const argv = inside([process.execPath, '--import', 'tsx', script.pathname]);
    this.#child = spawn(argv[0] ?? '', argv.slice(1), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.pid = this.#child.pid ?? 0;
    this.#child.on('message', (reply: Reply) => {
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    });
    this.#child.on('exit', (code, signal) => {
      for (const [id, settle] of this.#waiting) {
        settle({ id, error: `${script.pathname} ended: ${code ?? signal}` });
      }
    });
  }

  call<K extends keyof C & string>(
    name: K,
    argument: Parameters<C[K]>[0],
  ): Promise<Awaited<ReturnType<C[K]>>> {
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ value, error }) => {
        if (error === undefined) resolve(value as Awaited<ReturnType<C[K]>>);
        else reject(new Error(`${name}: ${error}`));
      });
      this.#child.send({ id, name, argument } satisfies Request);
    });
  }

  /** End it without a word: its sockets go as a crashed machine's do not, with FINs. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
