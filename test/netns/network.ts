import { rmSync } from 'node:fs';
import { mustRun } from './command.ts';
import { Host } from './host.ts';
import {
  claimPrefix,
  folderOf,
  releasePrefix,
  removeNamespace,
  whyNoNamespaces,
} from './leftovers.ts';

/** The subnet all hosts share; the switch itself is .254. */
const switchAddress = '10.77.0.254';
/** Kernel limit on interface names leaves this much for our namespaces' readable names. */
const prefixPattern = /^[a-z][a-z0-9]{1,11}$/;

/**
 * A switch and hosts in Linux network namespaces, on this machine only: nothing of it is visible
 * outside, hosts reach each other and nothing else. Ended by {@link Network.close}, by the end of
 * this process, by SIGINT or SIGTERM, and at the latest by the next run with the same prefix.
 */
export class Network {
  readonly prefix: string;
  #ports = 0;
  readonly #onSignal: (signal: NodeJS.Signals) => void;
  readonly #onExit: () => void;

  private constructor(prefix: string) {
    this.prefix = prefix;
    this.#onExit = () => releasePrefix(prefix);
    this.#onSignal = (signal) => {
      this.close();
      process.kill(process.pid, signal);
    };
    process.once('exit', this.#onExit);
    process.once('SIGINT', this.#onSignal);
    process.once('SIGTERM', this.#onSignal);
  }

  static async create(prefix: string): Promise<Network> {
    if (!prefixPattern.test(prefix)) throw new Error(`prefix must match ${prefixPattern}`);
    const obstacle = await whyNoNamespaces();
    if (obstacle !== undefined) throw new Error(obstacle);
    claimPrefix(prefix);
    const network = new Network(prefix);
    const bridge = network.namespace('switch');
    await mustRun(['ip', 'netns', 'add', bridge]);
    await mustRun(['ip', '-n', bridge, 'link', 'add', 'br0', 'type', 'bridge']);
    await mustRun(['ip', '-n', bridge, 'link', 'set', 'br0', 'up']);
    await mustRun(['ip', '-n', bridge, 'addr', 'add', `${switchAddress}/24`, 'dev', 'br0']);
    return network;
  }

  /** A machine on the switch. Addresses are 10.77.0.x; the first is the one it dials from. */
  async host(name: string, options: { addresses: readonly string[] }): Promise<Host> {
    this.#ports += 1;
    const host = new Host({
      name,
      namespace: this.namespace(name),
      switchNamespace: this.namespace('switch'),
      switchPort: `port${this.#ports}`,
      folder: `${folderOf(this.prefix)}/${name}`,
      addresses: options.addresses,
    });
    await host.plugIn(switchAddress);
    return host;
  }

  /** Take a machine away, with everything that runs on it and its folder. */
  remove(host: Host): void {
    removeNamespace(host.namespace);
    rmSync(host.folder, { recursive: true, force: true });
  }

  /** Kill everything running in the network and remove it. Safe to call twice. */
  close(): void {
    process.off('exit', this.#onExit);
    process.off('SIGINT', this.#onSignal);
    process.off('SIGTERM', this.#onSignal);
    releasePrefix(this.prefix);
  }

  private namespace(name: string): string {
    return `${this.prefix}-${name}`;
  }
}
