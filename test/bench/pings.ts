import type { DialedSession } from '#node-agent/dial/dialed-session.ts';
import { sequenceOf, setSequence, udpFrame } from './udp-frame.ts';

const frameBytes = 98;

/** Sends a frame to and fro between two sessions and notes how long each round took. */
export class Pings {
  /** Of rounds that ended, since last taken, milliseconds. */
  #roundsMs: number[] = [];
  #sentMs = new Map<number, number>();
  #lost = 0;
  #sequence = 0;
  readonly #ping: Buffer;
  readonly #pong: Buffer;
  readonly #from: DialedSession;
  readonly #to: DialedSession;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: DialedSession, to: DialedSession, stations: [number, number]) {
    this.#from = from;
    this.#to = to;
    this.#ping = udpFrame(stations[1], stations[0], frameBytes);
    this.#pong = udpFrame(stations[0], stations[1], frameBytes);
  }

  start(everyMs: number): void {
    this.#to.onFrame = (frame) => {
      if (frame.length !== frameBytes) return;
      setSequence(this.#pong, sequenceOf(frame));
      this.#to.send([this.#pong]);
    };
    this.#from.onFrame = (frame) => this.#onPong(frame);
    // Not in step with anything: the distance varies around its mean.
    const next = (): void => {
      this.#send();
      this.#timer = setTimeout(next, everyMs * (0.5 + Math.random()));
    };
    this.#timer = setTimeout(next, everyMs * Math.random());
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Rounds since last asked; what has not come back in a second has taken at least that long. */
  take(): { roundsMs: number[]; lost: number } {
    const nowMs = performance.now();
    for (const [sequence, sentMs] of this.#sentMs) {
      if (nowMs - sentMs < 1_000) continue;
      this.#sentMs.delete(sequence);
      this.#roundsMs.push(nowMs - sentMs);
      this.#lost += 1;
    }
    const taken = { roundsMs: this.#roundsMs, lost: this.#lost };
    this.#roundsMs = [];
    this.#lost = 0;
    return taken;
  }

  #send(): void {
    this.#sequence += 1;
    setSequence(this.#ping, this.#sequence);
    this.#sentMs.set(this.#sequence, performance.now());
    this.#from.send([this.#ping]);
  }

  #onPong(frame: Buffer): void {
    if (frame.length !== frameBytes) return;
    const sentMs = this.#sentMs.get(sequenceOf(frame));
    if (sentMs === undefined) return;
    this.#sentMs.delete(sequenceOf(frame));
    this.#roundsMs.push(performance.now() - sentMs);
  }
}
