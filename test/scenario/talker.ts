import { ReconnectingSession } from '#node-agent/dial/reconnecting.ts';
import { systemClock, systemRandom, systemTimers } from '#node-agent/system.ts';
import { silentLog } from '#shared/kernel/log.ts';
import { frame, mac, payloadOf } from '#test/support/frames.ts';

const sendEveryMs = 20;

/** A client that numbers what it sends, and remembers whose numbers it has heard and when. */
export class Talker {
  readonly session: ReconnectingSession;
  readonly heard: number[] = [];
  sent = 0;
  lastHeardMs = 0;
  readonly #address: Buffer;
  readonly #peer: Buffer;
  readonly #timer: NodeJS.Timeout;

  /** `number` and `peer`: the last byte of its MAC address, and of whom it talks to. */
  constructor(frontDoorPort: number, hub: string, user: string, number: number, peer: number) {
    this.#address = mac(number);
    this.#peer = mac(peer);
    this.session = new ReconnectingSession({
      address: '127.0.0.1',
      port: frontDoorPort,
      hub,
      user,
      credential: { kind: 'password', password: 'secret' },
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      log: silentLog,
      retryIntervalMs: 5_000,
      retryJitter: 0,
      onFrame: (arrived) => {
        this.heard.push(Number(payloadOf(arrived)));
        this.lastHeardMs = systemClock.monotonicMs();
      },
    });
    this.#timer = setInterval(() => this.#say(), sendEveryMs);
  }

  get memberPort(): number | undefined {
    const { state } = this.session;
    return state.kind === 'connected' ? state.session.member.port : undefined;
  }

  #say(): void {
    const { state } = this.session;
    if (state.kind !== 'connected') return;
    state.session.send([frame(this.#peer, this.#address, String(this.sent))]);
    this.sent += 1;
  }

  /** No more words; the session stays. */
  rest(): void {
    clearInterval(this.#timer);
  }

  async close(): Promise<void> {
    this.rest();
    await this.session.close();
  }
}
