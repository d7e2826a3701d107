import { dial } from '#node-agent/dial/dial.ts';
import type { DialOptions } from '#node-agent/dial/dial-options.ts';
import type { DialedSession } from '#node-agent/dial/dialed-session.ts';
import { encodeBatch, encodeKeepAlive } from '#node-agent/stream/frame-batch.ts';
import { systemClock, systemRandom, systemTimers } from '#node-agent/system.ts';
import { silentLog } from '#shared/kernel/log.ts';
import { encodeAdditionalConnect } from '#shared/wire/additional-connect.ts';
import { Pack } from '#shared/wire/pack.ts';
import type { AgentProcess } from '#test/support/agent-process.ts';
import { attacks } from '#test/support/attacks.ts';
import { broadcast, frame, mac } from '#test/support/frames.ts';
import { RawClient } from '#test/support/raw-client.ts';

/** How those who come to the member behave, and how often each kind comes. */
const kinds = {
  /** A client with any mode, that talks and leaves in order. */
  ordinary: 12,
  /** It goes without a word; its session waits out its timeout. */
  abrupt: 3,
  /** It loses its connection and comes back to the same session. */
  returning: 2,
  /** It reads nothing of what the others say. */
  deaf: 2,
  /** It sends what is no record. */
  malformed: 2,
  /** No session at all. */
  stranger: 4,
} as const;
type Kind = keyof typeof kinds;
type Deeds = Readonly<Record<Kind, number>>;

const hubs = 8;
const lifeMsMin = 1_000;
const lifeMsMax = 15_000;
const talkEveryMs = 200;
const payloadBytes = 1_000;
const sessionTimeoutMs = 5_000;

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const below = (n: number): number => Math.floor(Math.random() * n);
const oneOf = <T>(list: readonly T[]): T => list[below(list.length)] as T;

/** So many at a time, each replaced when it has left, until told to go. */
export class Crowd {
  readonly #member: AgentProcess;
  /** Of dynamic hubs that were released, the placement that comes next. */
  readonly #epochs = new Map<string, number>();
  readonly #size: number;
  readonly deeds: Record<Kind, number> = {
    ordinary: 0,
    abrupt: 0,
    returning: 0,
    deaf: 0,
    malformed: 0,
    stranger: 0,
  };
  framesReceived = 0;
  /** Ordinary clients that could not do what they came for, and why. */
  readonly failures: string[] = [];
  #leaving = false;
  #present: Promise<void>[] = [];

  constructor(member: AgentProcess, size: number) {
    this.#member = member;
    this.#size = size;
  }

  enter(): void {
    this.#leaving = false;
    this.#present = Array.from({ length: this.#size }, () => this.#stay());
  }

  /** Everybody leaves in his own way; resolves when the last has. */
  async leave(): Promise<void> {
    this.#leaving = true;
    await Promise.all(this.#present);
  }

  totals(): Deeds {
    return { ...this.deeds };
  }

  async #stay(): Promise<void> {
    const bag = (Object.keys(kinds) as Kind[]).flatMap((kind) =>
      Array<Kind>(kinds[kind]).fill(kind),
    );
    while (!this.#leaving) {
      const kind = oneOf(bag);
      try {
        await this.#visit(kind);
      } catch (error) {
        if (kind === 'ordinary') this.failures.push(String(error));
        await sleep(200);
      }
      this.deeds[kind] += 1;
    }
  }

  #visit(kind: Kind): Promise<void> {
    switch (kind) {
      case 'ordinary':
        return this.#ordinary();
      case 'abrupt':
        return this.#raw((client) => this.#talk(client));
      case 'returning':
        return this.#returning();
      case 'deaf':
        return this.#raw((client) => {
          client.socket.pause();
          return this.#talk(client);
        });
      case 'malformed':
        return this.#raw(async (client) => {
          client.socket.write(Buffer.from('00000001ffffffff', 'hex'));
          await sleep(500);
        });
      case 'stranger':
        return this.#stranger();
    }
  }

  #ticket(): Buffer {
    const number = below(hubs);
    const hub = `HUB${number}`;
    return this.#member.plane.issue({
      hub,
      ...(number % 2 === 1 && { placementEpoch: this.#placementEpoch(hub) }),
      kind: number % 2 === 0 ? 'static' : 'dynamic',
      user: `user${below(1_000_000)}`,
      policy: { monitorPort: true },
      sessionTimeoutMs,
    });
  }

  /** A hub that a busy machine could not hold is placed anew, as the control plane would. */
  #placementEpoch(hub: string): number {
    for (const { released } of this.#member.plane.heartbeats) {
      for (const { name, epoch } of released) {
        if (epoch >= (this.#epochs.get(name) ?? 1)) this.#epochs.set(name, epoch + 1);
      }
    }
    return this.#epochs.get(hub) ?? 1;
  }

  async #ordinary(): Promise<void> {
    const options: Partial<DialOptions> = {
      maxConnections: 1 + below(4),
      halfDuplex: below(4) === 0,
      qos: below(4) === 0,
      useCompress: below(4) === 0,
      bridge: below(4) === 0,
      monitor: below(10) === 0,
    };
    const session = await this.#dial(options);
    const own = mac(below(1 << 24));
    const untilMs = performance.now() + lifeMs();
    while (performance.now() < untilMs && !this.#leaving) {
      session.send([frame(broadcast, own, Buffer.alloc(payloadBytes))]);
      await sleep(talkEveryMs);
    }
    await session.close();
    const { kind } = await session.ended;
    if (kind !== 'closed') this.failures.push(`a session ended by itself: ${kind}`);
  }

  async #dial(options: Partial<DialOptions>): Promise<DialedSession> {
    const outcome = await dial({
      address: '127.0.0.1',
      port: this.#member.port,
      hub: 'HUB',
      user: 'alice',
      credential: { kind: 'ticket', ticket: this.#ticket() },
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      log: silentLog,
      additionalConnectEveryMs: 200,
      onFrame: () => {
        this.framesReceived += 1;
      },
      ...options,
    });
    if (outcome.kind !== 'connected') throw new Error(JSON.stringify(outcome));
    return outcome.session;
  }

  /** Log in byte by byte, do something, and be gone. */
  async #raw(act: (client: RawClient, welcome: Pack) => Promise<void>): Promise<void> {
    const client = await RawClient.open(this.#member.port);
    client.socket.on('error', () => undefined);
    try {
      await client.hello();
      const welcome = await client.ask(
        new Pack()
          .setStr('method', 'login')
          .setStr('hubname', 'HUB')
          .setStr('username', 'raw')
          .setInt('max_connection', 2)
          .setInt('authtype', 99)
          .setData('ticket', this.#ticket()),
      );
      await act(client, welcome);
    } finally {
      client.close();
    }
  }

  async #talk(client: RawClient): Promise<void> {
    const own = mac(below(1 << 24));
    const untilMs = performance.now() + lifeMs();
    while (performance.now() < untilMs && !this.#leaving && !client.socket.destroyed) {
      client.socket.write(encodeKeepAlive(Buffer.alloc(20)));
      client.socket.write(encodeBatch([frame(broadcast, own, Buffer.alloc(payloadBytes))]));
      await sleep(talkEveryMs);
    }
  }

  async #returning(): Promise<void> {
    await this.#raw(async (first, welcome) => {
      const sessionKey = welcome.bytes('session_key', 20);
      if (sessionKey === undefined) throw new Error('no session');
      first.close();
      const lostMs = performance.now();
      await sleep(sessionTimeoutMs / 10);
      const second = await RawClient.open(this.#member.port);
      second.socket.on('error', () => undefined);
      try {
        await second.hello();
        const request = { sessionKey, clientStr: '', clientVer: 0, clientBuild: 0 };
        const error = (await second.ask(encodeAdditionalConnect(request))).int('error');
        const lateMs = performance.now() - lostMs;
        if (error !== 0 && lateMs < sessionTimeoutMs / 2) {
          this.failures.push(`not resumed after ${lateMs.toFixed(0)} ms: error ${error}`);
        }
        await this.#talk(second);
      } finally {
        second.close();
      }
    });
  }

  async #stranger(): Promise<void> {
    const socket = await oneOf(Object.values(attacks))(this.#member.port);
    await sleep(below(3_000));
    socket.destroy();
  }
}

function lifeMs(): number {
  return lifeMsMin + below(lifeMsMax - lifeMsMin);
}
