import { type ChildProcess, spawn } from 'node:child_process';

/** How a command ended, with everything it printed. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** No command of the harness may take longer; genuine tools hang rather than fail. */
export const commandTimeoutMs = 20_000;
/** What a command may print before it is cut off: a runaway prompt prints forever. */
const outputBytesMax = 1 << 20;

/** Run a command to its end, without standard input: vpncmd's prompts spin when they have one. */
export function command(
  argv: readonly string[],
  timeoutMs: number = commandTimeoutMs,
): Promise<CommandResult> {
  const [file = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const stdout = collect(child, 'stdout');
    const stderr = collect(child, 'stderr');
    child.once('error', (cause) => {
      clearTimeout(timer);
      reject(new Error(`cannot run ${file}`, { cause }));
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (signal === 'SIGKILL') {
        reject(
          new Error(`killed after ${timeoutMs} ms: ${argv.join(' ')}\n${stdout()}${stderr()}`),
        );
      } else resolve({ code, stdout: stdout(), stderr: stderr() });
    });
  });
}

/** Run a command that must succeed; its standard output. */
export async function mustRun(argv: readonly string[], timeoutMs?: number): Promise<string> {
  const result = await command(argv, timeoutMs);
  if (result.code !== 0) {
    const said = `${result.stdout}${result.stderr}`.trim();
    throw new Error(`exit ${result.code}: ${argv.join(' ')}\n${said}`);
  }
  return result.stdout;
}

function collect(child: ChildProcess, name: 'stdout' | 'stderr'): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  child[name]?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= outputBytesMax) chunks.push(chunk);
    else child.kill('SIGKILL');
  });
  return () => Buffer.concat(chunks).toString();
}
