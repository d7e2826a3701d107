import type { DialOptions } from '#node-agent/dial/dial-options.ts';
import { ReconnectingSession, type Setback } from '#node-agent/dial/reconnecting.ts';
import { unreachable } from '#shared/kernel/assert.ts';
import { describeErrorCode } from '#shared/wire/error-code.ts';
import type { DemoHub } from './demo-hubs.ts';
import { decodeEcho, echoAddress, encodeEcho } from './echo-frame.ts';
import { EchoMeter } from './echo-meter.ts';

export interface DemoClientOptions
  extends Pick<DialOptions, 'address' | 'port' | 'pin' | 'clock' | 'timers' | 'random' | 'log'> {
  readonly name: string;
  /** Number among all clients; its MAC address follows from it. */
  readonly index: number;
  readonly hub: DemoHub;
  readonly password: string;
}

/** A built-in client on a hub: asks its partner for echoes, answers others, and comes back. */
export class DemoClient {
  readonly name: string;
  readonly hub: DemoHub;
  readonly meter = new EchoMeter();
  readonly #options: DemoClientOptions;
  readonly #address: Buffer;
  readonly #session: ReconnectingSession;
  #setback: { readonly what: string; readonly backAtMs: number } | undefined;
  #memberEndpoint: string | undefined;
  #bytes = 0;
  #frames = 0;

  constructor(options: DemoClientOptions) {
    this.name = options.name;
    this.hub = options.hub;
    this.#options = options;
    this.#address = echoAddress(options.index);
    this.#session = new ReconnectingSession({
      ...options,
      hub: options.hub.name,
      user: options.name,
      credential: { kind: 'password', password: options.password },
      clientName: `etherfleet demo ${options.name}`,
      onFrame: (frame) => this.#onFrame(frame),
      onState: (state) => {
        if (state.kind === 'connected') {
          const { address, port } = state.session.member;
          this.#memberEndpoint = `${address}:${port}`;
        }
        if (state.kind === 'waiting') {
          const backAtMs = options.clock.monotonicMs() + state.retryMs;
          this.#setback = { what: setbackText(state.after), backAtMs };
        }
      },
    });
  }

  /** It has a session, and a connection that carries it. */
  get connected(): boolean {
    return (this.#session.session?.connections ?? 0) > 0;
  }

  /** Sessions so far. */
  get sessions(): number {
    return this.#session.sessions;
  }

  /** Address and port of the member it is on, or was last. */
  get memberEndpoint(): string | undefined {
    return this.#memberEndpoint;
  }

  /** Frames and bytes both ways, so far. */
  get traffic(): { readonly frames: number; readonly bytes: number } {
    return { frames: this.#frames, bytes: this.#bytes };
  }

  /** In a few words, for a person. */
  stateText(): string {
    const { state } = this.#session;
    switch (state.kind) {
      case 'connected':
        return state.session.connections > 0 ? 'connected' : 'connection lost';
      case 'connecting':
        return 'connecting';
      case 'closed':
        return 'closed';
      case 'waiting': {
        const leftMs = (this.#setback?.backAtMs ?? 0) - this.#options.clock.monotonicMs();
        const seconds = (Math.max(0, leftMs) / 1_000).toFixed(1);
        return `retry in ${seconds} s (${this.#setback?.what ?? ''})`;
      }
      default:
        return unreachable(state);
    }
  }

  /** Ask a partner for one echo. Without a session the request is as good as lost. */
  ask(partner: DemoClient): void {
    const sequence = this.meter.ask(this.#options.clock.monotonicMs());
    this.#send('request', partner.#address, sequence);
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  #onFrame(frame: Buffer): void {
    this.#frames += 1;
    this.#bytes += frame.length;
    const echo = decodeEcho(frame);
    if (echo === undefined || !echo.to.equals(this.#address)) return;
    if (echo.kind === 'request') this.#send('reply', echo.from, echo.sequence);
    else this.meter.answered(echo.sequence, this.#options.clock.monotonicMs());
  }

  #send(kind: 'request' | 'reply', to: Buffer, sequence: number): void {
    const frame = encodeEcho({ kind, to, from: this.#address, sequence });
    if (!this.#session.send([frame])) return;
    this.#frames += 1;
    this.#bytes += frame.length;
  }
}

function setbackText(setback: Setback): string {
  switch (setback.kind) {
    case 'rejected':
      return `error ${setback.code}: ${describeErrorCode(setback.code)}`;
    case 'failed':
      return setback.failure;
    case 'ended':
      return setback.end.kind === 'refused' ? `refused, ${setback.end.code}` : setback.end.kind;
    default:
      return unreachable(setback);
  }
}
