import { join } from 'node:path';
import { LogFile } from '../log-file.ts';
import { type Endpoint, endpointText } from '../options.ts';

/** Where one machine is at a time: an address, a folder and a log that outlives it. */
export interface Berth {
  readonly endpoint: Endpoint;
  /** In the order of the places. */
  readonly number: number;
  /** For file names. */
  readonly name: string;
  readonly log: LogFile;
}

/** Ports looked at for one more berth before this machine is called full. */
const triesMax = 100;

/**
 * Places for machines: those that were asked for, and as many more as are needed, on the next free
 * ports after the last of them.
 */
export class Berths {
  private readonly all: Berth[] = [];
  private readonly taken = new Set<Berth>();
  private readonly logFolder: string;
  private readonly isFree: (endpoint: Endpoint) => Promise<boolean>;
  private next: Endpoint;

  constructor(
    endpoints: readonly Endpoint[],
    logFolder: string,
    isFree: (endpoint: Endpoint) => Promise<boolean>,
  ) {
    this.logFolder = logFolder;
    this.isFree = isFree;
    for (const endpoint of endpoints) this.add(endpoint);
    this.next = endpoints.at(-1) ?? { address: '127.0.0.1', port: 10_442 };
  }

  /** The first berth nobody has, or a new one. */
  async take(): Promise<Berth> {
    const empty = this.all.find((berth) => !this.taken.has(berth));
    if (empty !== undefined) {
      this.taken.add(empty);
      return empty;
    }
    for (let tries = 0; tries < triesMax; tries += 1) {
      const endpoint = { address: this.next.address, port: this.next.port + 1 };
      this.next = endpoint;
      if (endpoint.port > 65_535) break;
      if (this.all.some((berth) => endpointText(berth.endpoint) === endpointText(endpoint)))
        continue;
      if (!(await this.isFree(endpoint))) continue;
      const berth = this.add(endpoint);
      this.taken.add(berth);
      return berth;
    }
    throw new Error(`no free port after ${endpointText(this.next)} for one more member`);
  }

  release(berth: Berth): void {
    this.taken.delete(berth);
  }

  close(): void {
    for (const { log } of this.all) log.close();
  }

  private add(endpoint: Endpoint): Berth {
    const name = endpointText(endpoint).replace(':', '-');
    const log = new LogFile(join(this.logFolder, `member-${name}.log`));
    const berth = { endpoint, number: this.all.length, name, log };
    this.all.push(berth);
    return berth;
  }
}
