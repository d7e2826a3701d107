import { join } from 'node:path';
import { LogFile } from '../log-file.ts';
import { type Endpoint, endpointText } from '../options.ts';

/** Where one machine is at a time: its ports, a folder and a log that outlives it. */
export interface Berth {
  /** One for each agent, all of one address. */
  readonly endpoints: [Endpoint, ...Endpoint[]];
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
 * ports after the last of them. A machine of several agents has its further ports from there too.
 */
export class Berths {
  private readonly all: Berth[] = [];
  private readonly taken = new Set<Berth>();
  private readonly logFolder: string;
  private readonly isFree: (endpoint: Endpoint) => Promise<boolean>;
  private readonly ports: number;
  private next: Endpoint;

  constructor(
    endpoints: readonly Endpoint[],
    logFolder: string,
    isFree: (endpoint: Endpoint) => Promise<boolean>,
    ports = 1,
  ) {
    this.logFolder = logFolder;
    this.isFree = isFree;
    this.ports = ports;
    for (const endpoint of endpoints) this.add(endpoint);
    this.next = endpoints.at(-1) ?? { address: '127.0.0.1', port: 10_442 };
  }

  /** The first berth nobody has, or a new one. */
  async take(): Promise<Berth> {
    const berth =
      this.all.find((one) => !this.taken.has(one)) ?? this.add(await this.freeEndpoint());
    this.taken.add(berth);
    while (berth.endpoints.length < this.ports) {
      berth.endpoints.push(await this.freeEndpoint(berth.endpoints[0].address));
    }
    return berth;
  }

  private async freeEndpoint(address = this.next.address): Promise<Endpoint> {
    for (let tries = 0; tries < triesMax && this.next.port < 65_535; tries += 1) {
      const endpoint = { address, port: this.next.port + 1 };
      this.next = { ...this.next, port: endpoint.port };
      const isTaken = this.all.some(({ endpoints }) => endpoints.some(isAt(endpoint)));
      if (!isTaken && (await this.isFree(endpoint))) return endpoint;
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
    const endpoints: Berth['endpoints'] = [endpoint];
    const berth = { endpoints, number: this.all.length, name, log };
    this.all.push(berth);
    return berth;
  }
}

function isAt(endpoint: Endpoint): (other: Endpoint) => boolean {
  return (other) => endpointText(other) === endpointText(endpoint);
}
