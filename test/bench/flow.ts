import type { DialedSession } from '#node-agent/dial/dialed-session.ts';
import { sequenceOf, setSequence, udpFrame } from './udp-frame.ts';

export interface FlowOptions {
  readonly frameBytes: number;
  /** Frames that may be under way at a time, as a TCP connection's window. */
  readonly windowFrames: number;
  /** Frames handed over at once. */
  readonly batchFrames: number;
  /** Offered load; as much as the window allows if left out. */
  readonly bytesPerSecond?: number;
  /** The receiver answers every other frame with a small one, as TCP does. */
  readonly isAcknowledged?: boolean;
}

export interface FlowCounters {
  frames: number;
  bytes: number;
  lost: number;
}

/** No progress for so long: what is still missing is lost. */
const stallMs = 250;
/** An acknowledgement of TCP with timestamps. */
const ackBytes = 66;
const framesPerAck = 2;

/** Frames from one session to another through the hub, in order, numbered. */
export class Flow {
  readonly counters: FlowCounters = { frames: 0, bytes: 0, lost: 0 };
  readonly #from: DialedSession;
  readonly #to: DialedSession;
  readonly #options: FlowOptions;
  readonly #frames: Buffer[];
  readonly #ack: Buffer;
  #sent = 0;
  #settled = 0;
  #acknowledged = 0;
  #progressMs = 0;
  #startedMs = 0;
  #pumping = false;
  #timer: NodeJS.Timeout | undefined;
  #stopped = true;

  constructor(
    from: DialedSession,
    to: DialedSession,
    stations: [number, number],
    options: FlowOptions,
  ) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
    this.#frames = Array.from({ length: options.batchFrames }, () =>
      udpFrame(stations[1], stations[0], options.frameBytes),
    );
    this.#ack = udpFrame(stations[0], stations[1], ackBytes);
  }

  start(): void {
    this.#stopped = false;
    this.#startedMs = this.#progressMs = performance.now();
    this.#to.onFrame = (frame) => this.#onFrame(frame);
    const everyMs = this.#options.bytesPerSecond === undefined ? stallMs : 1;
    this.#timer = setInterval(() => this.#onTimer(), everyMs);
    this.#pump();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  #onFrame(frame: Buffer): void {
    if (frame.length !== this.#options.frameBytes) return;
    // A number from before a stall was settled as lost; it is not counted twice.
    const ahead = (sequenceOf(frame) - this.#settled) | 0;
    if (ahead < 0) return;
    this.counters.frames += 1;
    this.counters.bytes += frame.length;
    this.counters.lost += ahead;
    this.#settled += ahead + 1;
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      this.#progressMs = performance.now();
      if (this.#options.isAcknowledged) this.#acknowledge();
      this.#pump();
    });
  }

  #acknowledge(): void {
    const due = Math.floor((this.#settled - this.#acknowledged) / framesPerAck);
    this.#acknowledged += due * framesPerAck;
    this.#to.send(new Array<Buffer>(due).fill(this.#ack));
  }

  #onTimer(): void {
    if (performance.now() - this.#progressMs > stallMs) {
      this.counters.lost += this.#sent - this.#settled;
      this.#settled = this.#sent;
      this.#progressMs = performance.now();
    }
    this.#pump();
  }

  #pump(): void {
    const { windowFrames, batchFrames } = this.#options;
    while (!this.#stopped && this.#sent - this.#settled + batchFrames <= windowFrames) {
      if (this.#sent >= this.#dueFrames()) return;
      for (let i = 0; i < batchFrames; i++) setSequence(this.#frames[i] as Buffer, this.#sent + i);
      if (!this.#from.send(this.#frames)) return;
      this.#sent += batchFrames;
    }
  }

  #dueFrames(): number {
    const { bytesPerSecond, frameBytes } = this.#options;
    if (bytesPerSecond === undefined) return Number.POSITIVE_INFINITY;
    return ((performance.now() - this.#startedMs) / 1000) * (bytesPerSecond / frameBytes);
  }
}
