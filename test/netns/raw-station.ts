import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from '#test/support/eventually.ts';
import type { Host } from './host.ts';

const script = fileURLToPath(new URL('raw-station.pl', import.meta.url));
const device = 'raw0';
const bridge = 'raw';

/**
 * A station that says and hears frames as they are, VLAN tags included, beside a device of a host,
 * such as a genuine client's virtual adapter. It ends with its host.
 */
export class RawStation {
  /** All there were, the host's own noise included. */
  readonly heard: Buffer[] = [];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async beside(host: Host, port: string): Promise<RawStation> {
    const [file = '', ...args] = host.inside(['perl', script, device]);
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const station = new RawStation(child);
    const lines = createInterface({ input: child.stdout });
    const [ready] = await Promise.race([once(lines, 'line'), once(child, 'exit')]);
    if (ready !== 'ready') throw new Error(`the station says ${ready}`);
    lines.on('line', (line) => station.heard.push(Buffer.from(line, 'hex')));
    await host.ip('link', 'add', bridge, 'type', 'bridge', 'mcast_snooping', '0');
    for (const name of [port, device]) await host.ip('link', 'set', name, 'master', bridge, 'up');
    await host.ip('link', 'set', bridge, 'up');
    return station;
  }

  send(frame: Buffer): void {
    this.#child.stdin?.write(`${frame.toString('hex')}\n`);
  }

  hears(frame: Buffer): boolean {
    return this.heard.some((one) => one.equals(frame));
  }

  /** Wait until this frame, as it was sent, has arrived. */
  async has(frame: Buffer, limitMs: number): Promise<void> {
    const wanted = () => (this.hears(frame) ? undefined : `${frame.toString('hex')} is not there`);
    await eventually(wanted, limitMs);
  }
}
