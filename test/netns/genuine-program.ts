import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '#test/support/eventually.ts';
import type { Host } from './host.ts';
import { genuineFolder, type Row, type VpncmdTarget, vpncmd } from './vpncmd.ts';

/** Which genuine program; Debian names folder, binary and package alike. */
export type ProgramName = 'vpnclient' | 'vpnserver' | 'vpnbridge';

/** From exec to the first answer on the administration port, seen 1-3 s on a busy machine. */
const startLimitMs = 30_000;
/** Of what a program printed that did not start. */
const outputShown = 500;

/**
 * A genuine SoftEther service on a host. Debian's builds keep state in fixed folders whatever the
 * working directory, so each gets a mount namespace with its own. `execsvc` stays in the
 * foreground as parent of the working process.
 */
export class GenuineProgram {
  readonly host: Host;
  readonly name: ProgramName;
  readonly #target: VpncmdTarget;

  private constructor(host: Host, name: ProgramName) {
    this.host = host;
    this.name = name;
    this.#target = { face: name === 'vpnclient' ? 'client' : 'server' };
  }

  /** `password`: what its administrator set in an earlier life of the same state. */
  static async start(host: Host, name: ProgramName, password?: string): Promise<GenuineProgram> {
    const program = new GenuineProgram(host, name);
    const folders = ['lib', 'log', 'run'].map((kind) => {
      const own = join(host.folder, kind);
      mkdirSync(own, { recursive: true });
      mkdirSync(`/var/${kind}/softether`, { recursive: true });
      return `mount --bind ${own} /var/${kind}/softether`;
    });
    const names = join(host.folder, 'hosts');
    writeFileSync(names, hostsFile());
    const script = [
      'mount --make-rprivate /',
      ...folders,
      `mount --bind ${names} /etc/hosts`,
      `exec ${genuineFolder}/${name}/${name}`,
    ];
    host.spawn(name, ['unshare', '-m', 'sh', '-c', `${script.join(' && ')} execsvc`]);
    await program.answering(password === undefined ? {} : { password });
    return program;
  }

  /** Run one administration command; see {@link vpncmd}. */
  command(args: readonly string[], as: Omit<VpncmdTarget, 'face'> = {}): Promise<readonly Row[]> {
    return vpncmd(this.host, { ...this.#target, ...as }, args);
  }

  /** Signal working process and parent: SIGKILL is a crash. Does not wait for the end. */
  async end(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    for (const pid of await this.host.processes()) {
      try {
        process.kill(pid, signal);
      } catch {
        // The parent leaves by itself once its child is gone.
      }
    }
  }

  /** Kill the working process alone; its parent stays, and starts another. When, Unix ms. */
  async crash(): Promise<number> {
    const pids = await this.host.processes();
    const workers = pids.filter((pid) => pids.includes(parentOf(pid)));
    if (workers.length === 0) throw new Error(`${this.name} on ${this.host.name} has no worker`);
    const atMs = Date.now();
    for (const pid of workers) process.kill(pid, 'SIGKILL');
    return atMs;
  }

  /** Everything the program wrote to its log of this kind, oldest first. */
  log(kind: 'client_log' | 'server_log' | `security_log/${string}`): string {
    const folder = join(this.host.folder, 'log', kind);
    const files = readdirSync(folder).sort();
    return files.map((file) => readFileSync(join(folder, file), 'utf8')).join('');
  }

  private async answering(as: { password?: string }): Promise<void> {
    const probe = this.name === 'vpnclient' ? 'NicList' : 'ServerInfoGet';
    await eventually(async () => {
      try {
        await this.command([probe], as);
        return undefined;
      } catch (error) {
        const said = readFileSync(this.host.logFile(this.name), 'utf8').slice(-outputShown);
        return `${this.name} on ${this.host.name} does not answer: ${String(error)} ${said}`;
      }
    }, startLimitMs);
  }
}

/**
 * A client asks for the name of each server's address before it logs in, and waits 0.6 s for an
 * answer. Hosts on the switch have no name server, so they find every name here.
 */
function hostsFile(): string {
  const numbers = Array.from({ length: 254 }, (_, i) => i + 1);
  const names = numbers.map((number) => `10.77.0.${number} host${number}.test\n`);
  return [readFileSync('/etc/hosts', 'utf8'), '\n', ...names].join('');
}

/** See proc(5): after the name in parentheses come the state and the parent. */
function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}
