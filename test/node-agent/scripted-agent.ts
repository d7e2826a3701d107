import assert from 'node:assert/strict';
import { Agent } from '#node-agent/agent.ts';
import type { Door } from '#node-agent/listener/visit.ts';
import type { Session } from '#node-agent/session/session.ts';
import { encodeBatch } from '#node-agent/stream/frame-batch.ts';
import type { Grant } from '#shared/contract/ticket.ts';
import { timing } from '#shared/contract/timing.ts';
import type { Login } from '#shared/wire/login.ts';
import { defaultPolicy } from '#shared/wire/policy.ts';
import { RecordingLog } from '#test/support/test-agent.ts';
import { ScriptedApi } from './control/scripted-api.ts';
import type { ManualTime } from './dial/manual-time.ts';
import { TestWire } from './session/session-bench.ts';

const login = {
  hubName: 'HUB',
  userName: 'alice',
  credential: { kind: 'ticket', ticket: Buffer.alloc(20) },
  clientStr: 'test',
  maxConnection: 1,
  clientHostname: '',
  uniqueId: Buffer.alloc(0),
} as Partial<Login> as Login;

const grant: Grant = {
  sessionName: 'SID',
  user: 'alice',
  hub: { name: 'HUB', kind: 'static', version: 1, online: true },
  placementEpoch: 0,
  policy: defaultPolicy,
  sessionTimeoutMs: 60_000,
  singleConnection: false,
  message: '',
};

/** Who is in a hub, and what arrived there for it. */
export interface Guest {
  readonly session: Session;
  readonly heard: readonly string[];
}

/** A whole agent without sockets: its time, its control plane and its clients are the test's. */
export class ScriptedAgent<T extends ManualTime = ManualTime> {
  readonly api = new ScriptedApi();
  readonly log = new RecordingLog();
  readonly time: T;
  readonly agent: Agent;
  readonly #turn: (() => void)[] = [];
  #door: Door | undefined;

  private constructor(time: T) {
    this.time = time;
    this.agent = new Agent({
      config: { capacity: 10, weight: 100, listen: { address: '0.0.0.0', port: 443 } },
      publicAddress: '192.0.2.1',
      certificate: { keyPem: '', certPem: '', certDer: Buffer.alloc(1) },
      agentVersion: 'test',
      api: this.api,
      clock: time,
      timers: time,
      random: { bytes: (size) => Buffer.alloc(size, this.#turn.length), fraction: () => 0.5 },
      atEndOfTurn: (action) => this.#turn.push(action),
      log: this.log,
      onStopped: () => undefined,
      createListener: ({ door }) => {
        this.#door = door;
        return {
          sockets: 0,
          waiting: 0,
          port: 443,
          open: async () => undefined,
          close: async () => undefined,
          takeCauses: () => ({}),
        };
      },
    });
  }

  /** It has joined, and its first heartbeat waits for its answer. */
  static async joined<T extends ManualTime>(time: T): Promise<ScriptedAgent<T>> {
    const scripted = new ScriptedAgent(time);
    await scripted.agent.start();
    const value = { memberId: 'i-1', epoch: 1, timing };
    await scripted.api.lastJoin.answer({ kind: 'ok', value });
    time.advance(0);
    return scripted;
  }

  /** A client comes with a ticket that admits to what is given. */
  async enter(
    given: Partial<Grant>,
    wishes: Partial<Login> = {},
    address = '192.0.2.9',
  ): Promise<Guest> {
    assert.ok(this.#door !== undefined);
    const visitor = { address, isGone: () => false };
    const outcome = this.#door.login({ ...login, ...wishes }, visitor);
    await this.api.redeems.at(-1)?.answer({ kind: 'ok', value: { ...grant, ...given } });
    const admitted = await outcome;
    assert.ok(admitted.kind === 'admit', admitted.kind);
    const wire = new TestWire();
    assert.ok(admitted.session.join(wire).kind === 'joined');
    return {
      session: admitted.session,
      get heard() {
        return wire.frames;
      },
    };
  }

  /** Let a frame arrive on a connection of its own, and end the turn. */
  arrive({ session }: Guest, sent: Buffer): void {
    const joined = session.join(new TestWire());
    assert.ok(joined.kind === 'joined');
    joined.connection.received(encodeBatch([sent]));
    joined.connection.closed();
    for (const action of this.#turn.splice(0)) action();
  }
}
