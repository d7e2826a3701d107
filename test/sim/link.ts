import type { Network } from './network.ts';
import type { SimProcess } from './sim-process.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What one end of a connection hears. */
export interface LinkListener {
  onData(bytes: Buffer): void;
  /** The other end is closed, in order or not. Called once. */
  onEnd(how: 'fin' | 'reset'): void;
}

/** What crosses a link. Anything sent to an end that is closed comes back as a reset. */
type Segment =
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | { readonly kind: 'fin' | 'reset' };

const retransmitMs = 300;
const retransmitMsMax = 3_000;
/** A sender that hears nothing for this long gives up (TCP's own is longer; ours saves events). */
const giveUpMs = 60_000;

/** One end of a TCP connection with TLS on it: bytes in order, however bad the network. */
export class LinkEnd {
  readonly process: SimProcess;
  listener: LinkListener | undefined;
  peer: LinkEnd | undefined;
  readonly #time: VirtualTime;
  readonly #network: Network;
  readonly #queue: Segment[] = [];
  #carrying = false;
  #bufferedBytes = 0;
  #closed = false;
  #early: Segment[] = [];

  constructor(process: SimProcess, time: VirtualTime, network: Network) {
    this.process = process;
    this.#time = time;
    this.#network = network;
  }

  /** Bytes sent and not delivered. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  send(bytes: Buffer): void {
    if (this.#closed) return;
    this.#bufferedBytes += bytes.length;
    this.#queue.push({ kind: 'data', bytes });
    this.#carry();
  }

  /** Close in order: what was sent arrives first. */
  end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.push({ kind: 'fin' });
    this.#carry();
  }

  /** The machine is gone: the other end hears nothing, ever. */
  vanish(): void {
    this.#closed = true;
    this.#queue.length = 0;
    this.#bufferedBytes = 0;
  }

  /** From here on the listener hears; what came before it was there comes first. */
  listen(listener: LinkListener): void {
    this.listener = listener;
    for (const segment of this.#early.splice(0)) this.#hear(segment);
  }

  #carry(): void {
    if (this.#carrying || this.#queue.length === 0) return;
    this.#carrying = true;
    this.#try(0, 0);
  }

  /** Carry all that waits at once; try again while the network loses it. */
  #try(attempt: number, waitedMs: number): void {
    const { peer } = this;
    const latencyMs = this.#network.drawLatencyMs();
    const lost = this.#network.drawLost();
    this.#time.after(latencyMs, () => {
      if (this.#queue.length === 0 || peer === undefined) {
        this.#carrying = false;
        return;
      }
      if (lost || this.#network.isCut(this.process.name, peer.process.name)) {
        if (waitedMs > giveUpMs) {
          this.vanish();
          return;
        }
        const againMs = Math.min(retransmitMsMax, retransmitMs * 2 ** attempt);
        this.#time.after(againMs, () => this.#try(attempt + 1, waitedMs + againMs));
        return;
      }
      const segments = this.#queue.splice(0);
      this.#bufferedBytes = 0;
      this.#carrying = false;
      for (const segment of segments) peer.#arrive(segment);
    });
  }

  #arrive(segment: Segment): void {
    if (this.#closed) {
      // The system answers for a process that has closed or died; a dead machine does not.
      if (segment.kind === 'data' && !this.#isSilent) this.#reset();
      return;
    }
    this.process.run(() => this.#hear(segment));
  }

  #hear(segment: Segment): void {
    if (this.#closed) return;
    if (this.listener === undefined) {
      this.#early.push(segment);
      return;
    }
    if (segment.kind === 'data') {
      this.listener.onData(segment.bytes);
      return;
    }
    this.#closed = true;
    this.listener.onEnd(segment.kind);
  }

  #isSilent = false;

  /** As {@link vanish}, and nobody answers for it any more. */
  silence(): void {
    this.vanish();
    this.#isSilent = true;
  }

  #reset(): void {
    this.#queue.push({ kind: 'reset' });
    this.#carry();
  }
}
