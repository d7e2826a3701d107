import type { Host } from './host.ts';

/** Where Debian puts the genuine programs. */
export const genuineFolder = '/usr/libexec/softether';

/** Which of the two faces of vpncmd, and as whom. */
export interface VpncmdTarget {
  readonly face: 'client' | 'server';
  readonly password?: string;
  /** The program beside it, if left out; else an address, perhaps with a port. */
  readonly server?: string;
  /** As the server's administrator, commands on one hub. */
  readonly hub?: string;
  /** As the administrator of this hub. */
  readonly hubAdmin?: string;
}

/** A genuine program's refusal of a command, with SoftEther's own error number. */
export class VpncmdError extends Error {
  override readonly name = 'VpncmdError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** One row of what vpncmd printed, by column title. */
export type Row = ReadonlyMap<string, string>;

/** SoftEther's "connect failed", here of vpncmd to the program beside it. */
const connectFailed = 1;
const attemptsMax = 5;

/**
 * Run one vpncmd command against the program on `host`; the table it printed. On a busy machine
 * vpncmd now and then gives up on the program's administration port at once: then it tries again.
 */
export async function vpncmd(
  host: Pick<Host, 'exec' | 'name'>,
  target: VpncmdTarget,
  args: readonly string[],
): Promise<readonly Row[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runVpncmd(host, target, args);
    } catch (error) {
      const busy = error instanceof VpncmdError && error.code === connectFailed;
      if (!busy || attempt === attemptsMax) throw error;
      await new Promise((resolve) => setTimeout(resolve, attempt * 200));
    }
  }
}

async function runVpncmd(
  host: Pick<Host, 'exec' | 'name'>,
  target: VpncmdTarget,
  args: readonly string[],
): Promise<readonly Row[]> {
  const { server = 'localhost' } = target;
  const argv = [`${genuineFolder}/vpncmd/vpncmd`, server, `/${target.face.toUpperCase()}`];
  if (target.password !== undefined) argv.push(`/PASSWORD:${target.password}`);
  if (target.hub !== undefined) argv.push(`/ADMINHUB:${target.hub}`);
  // Else a wrong password makes it ask for another one, of whom there is not.
  if (target.server !== undefined) argv.push('/PROGRAMMING');
  if (target.hubAdmin !== undefined) argv.push(`/HUB:${target.hubAdmin}`);
  const { code, stdout } = await host.exec([...argv, '/CSV', '/CMD', ...args]);
  const refusal = /Error occurred\. \(Error code: (\d+)\)\s*([^\n]*)/.exec(stdout);
  if (refusal) {
    const [, number, text] = refusal;
    throw new VpncmdError(Number(number), `${args[0]} on ${host.name}: error ${number}, ${text}`);
  }
  if (code !== 0) throw new Error(`vpncmd ${args[0]} on ${host.name}: exit ${code}\n${stdout}`);
  return tableOf(stdout);
}

/** A two-column "Item,Value" table as one map. */
export function properties(rows: readonly Row[]): Row {
  return new Map(rows.map((row) => [row.get('Item') ?? '', row.get('Value') ?? '']));
}

/** vpncmd prints, to clients only, a greeting and an empty line, then a title row and the rows. */
function tableOf(stdout: string): Row[] {
  const lines = stdout.trimEnd().split(/\r?\n/);
  const [titles, ...rows] = lines
    .slice(lines.indexOf('') + 1)
    .filter((line) => line !== '')
    .map(cellsOf);
  if (!titles) return [];
  return rows.map((cells) => new Map(titles.map((title, i) => [title, cells[i] ?? ''])));
}

function cellsOf(line: string): string[] {
  const cells = line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return [...cells].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}
