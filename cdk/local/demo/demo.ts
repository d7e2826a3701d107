import { X509Certificate } from 'node:crypto';
import { silentLog } from '#shared/kernel/log.ts';
import { AdminClient } from '../admin-client.ts';
import type { Cluster } from '../cluster.ts';
import { endpointText } from '../options.ts';
import type { MemberView } from '../state-file.ts';
import { systemClock, systemRandom, systemTimers } from '../system.ts';
import { askCluster, type ClusterAnswer, nothingKnown } from './cluster-poll.ts';
import { DemoClient } from './demo-client.ts';
import { demoHubs, prepareHubs } from './demo-hubs.ts';
import type { DemoView } from './demo-view.ts';
import { partnerOf } from './partner.ts';
import { renderLine, renderScreen } from './screen.ts';
import { Story } from './story.ts';
import { Terminal } from './terminal.ts';

/** Each client asks its partner this often. */
const askEveryMs = 100;
const observeEveryMs = 200;
const pollEveryMs = 1_000;
const drawEveryMs = 1_000;
const lineEveryMs = 5_000;
const passwordBytes = 16;
const ctrlC = '\u0003';

/** Make hubs, connect clients, show what happens, until a key or a signal ends it. */
export async function runDemo(cluster: Cluster): Promise<void> {
  const admin = new AdminClient(cluster.frontDoor, cluster.certPem, cluster.admin.password);
  const password = systemRandom.bytes(passwordBytes).toString('hex');
  await prepareHubs(admin, password);
  const demo = new Demo(cluster, admin, connectClients(cluster, password));
  await demo.ended;
}

function connectClients(cluster: Cluster, password: string): readonly DemoClient[] {
  const { address, port } = cluster.frontDoor;
  const pin = Buffer.from(new X509Certificate(cluster.certPem).raw);
  const users = demoHubs.flatMap((hub) => hub.users.map((name) => ({ hub, name })));
  return users.map(
    ({ hub, name }, index) =>
      new DemoClient({
        address,
        port,
        pin,
        hub,
        name,
        index,
        password,
        clock: systemClock,
        timers: systemTimers,
        random: systemRandom,
        log: silentLog,
      }),
  );
}

class Demo {
  readonly ended: Promise<void>;
  readonly #cluster: Cluster;
  readonly #admin: AdminClient;
  readonly #clients: readonly DemoClient[];
  readonly #terminal: Terminal | undefined;
  readonly #story = new Story();
  readonly #timers: readonly NodeJS.Timeout[];
  #answer: ClusterAnswer = nothingKnown;
  #asking = false;
  #traffic = { frames: 0, bytes: 0, atMs: systemClock.monotonicMs() };
  #resolveEnded: () => void = () => undefined;
  #ending = false;

  constructor(cluster: Cluster, admin: AdminClient, clients: readonly DemoClient[]) {
    this.#cluster = cluster;
    this.#admin = admin;
    this.#clients = clients;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    const { stdin, stdout } = process;
    if (stdout.isTTY) this.#terminal = new Terminal(stdin, stdout, (key) => this.#onKey(key));
    const showEveryMs = this.#terminal === undefined ? lineEveryMs : drawEveryMs;
    this.#timers = [
      setInterval(() => this.#exchange(), askEveryMs),
      setInterval(() => this.#observe(), observeEveryMs),
      setInterval(() => this.#ask(), pollEveryMs),
      setInterval(() => this.#show(), showEveryMs),
    ];
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => void this.#end());
    }
    this.#observe();
    this.#ask();
    this.#show();
  }

  #exchange(): void {
    const nowMs = systemClock.monotonicMs();
    for (const client of this.#clients) {
      client.meter.expire(nowMs);
      const partner = partnerOf(client, this.#clients);
      if (partner !== undefined) client.ask(partner);
    }
  }

  /** Look at processes and clients. */
  #observe(): void {
    const wallMs = systemClock.nowMs();
    this.#story.observe(
      {
        members: this.#cluster.members().map(({ id, state }) => {
          const leaseMs = this.#answer.members.get(id)?.leaseMs;
          return { id, state, leaseLeftMs: leaseMs === undefined ? undefined : leaseMs - wallMs };
        }),
        clients: this.#clients.map((client) => ({
          name: client.name,
          memberId: this.#memberOf(client)?.id ?? '',
          connected: client.connected,
          sessions: client.sessions,
        })),
      },
      systemClock.monotonicMs(),
    );
  }

  /** Ask the control plane, unless it still owes an answer. */
  #ask(): void {
    if (this.#asking || this.#ending) return;
    this.#asking = true;
    const hubs = demoHubs.map((hub) => hub.name);
    askCluster(this.#admin, hubs)
      .then((answer) => {
        this.#answer = answer;
      })
      .catch(() => undefined) // shown as it was; the cluster itself reports what fails
      .finally(() => {
        this.#asking = false;
      });
  }

  #show(): void {
    const view = this.#view();
    if (this.#terminal === undefined) process.stdout.write(`${renderLine(view)}\n`);
    else this.#terminal.draw(renderScreen(view, this.#terminal.columns, this.#terminal.hasKeys));
  }

  #view(): DemoView {
    const before = this.#traffic;
    const atMs = systemClock.monotonicMs();
    const frames = this.#clients.reduce((sum, client) => sum + client.traffic.frames, 0);
    const bytes = this.#clients.reduce((sum, client) => sum + client.traffic.bytes, 0);
    this.#traffic = { frames, bytes, atMs };
    const seconds = Math.max(0.001, (atMs - before.atMs) / 1_000);
    return {
      headline: this.#story.headline(atMs),
      members: this.#cluster.members().map((member) => ({
        id: member.id,
        endpoint: endpointText(member),
        state: member.state,
        sessions: this.#answer.members.get(member.id)?.sessions ?? 0,
      })),
      hubs: demoHubs.map(({ name, kind }) => ({
        name,
        kind,
        members: this.#answer.hubs.get(name)?.members ?? [],
        sessions: this.#answer.hubs.get(name)?.sessions ?? 0,
      })),
      clients: this.#clients.map((client) => ({
        name: client.name,
        hub: client.hub.name,
        member: this.#memberOf(client)?.id ?? '',
        connected: client.connected,
        state: this.#stateOf(client),
        sent: client.meter.sent,
        received: client.meter.received,
        lost: client.meter.lost,
        roundTripMs: client.meter.roundTripMs,
      })),
      framesPerSecond: (frames - before.frames) / seconds,
      bytesPerSecond: (bytes - before.bytes) / seconds,
    };
  }

  #stateOf(client: DemoClient): string {
    const alone = client.connected && partnerOf(client, this.#clients) === undefined;
    return alone ? 'connected, alone on its member' : client.stateText();
  }

  #memberOf(client: DemoClient): MemberView | undefined {
    const members = this.#cluster.members();
    return members.find((member) => endpointText(member) === client.memberEndpoint);
  }

  #onKey(key: string): void {
    if (key === 'k') this.#onHost((member) => this.#cluster.killMember(member.id));
    if (key === 'd') {
      this.#onHost((member) => {
        this.#story.drains(member.id, systemClock.monotonicMs());
        terminate(member.pid);
      });
    }
    // The whole cluster ends as it does on a signal; the signal handler ends the demo.
    if (key === 'q' || key === ctrlC) process.kill(process.pid, 'SIGINT');
  }

  /** Do something to the member that hosts the dynamic hub, if it is there. */
  #onHost(action: (member: MemberView) => void): void {
    const client = this.#clients.find(({ hub, connected }) => hub.kind === 'dynamic' && connected);
    const member = client && this.#memberOf(client);
    if (member !== undefined && member.state !== 'dead') action(member);
  }

  async #end(): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#terminal?.close();
    await Promise.all(this.#clients.map((client) => client.close()));
    this.#admin.close();
    this.#resolveEnded();
  }
}

/** Tell a member's process to end in order; it may just have ended by itself. */
function terminate(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
