import type { Cancel, Timers } from '#shared/kernel/clock.ts';
import type { Log } from '#shared/kernel/log.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { encodePack, Pack } from '#shared/wire/pack.ts';
import { WireError } from '#shared/wire/wire-error.ts';
import type { AdminApi } from '../control/agent-api.ts';
import type { Wire } from '../session/wire.ts';
import { encodeFrame, FrameReader } from './frame-reader.ts';

export interface AdminLineLimits {
  readonly frameBytesMax: number;
  /** What an administrator may leave untaken of earlier answers and call all the same. */
  readonly untakenBytesMax: number;
  /** From the first byte of a call to its last. */
  readonly frameMs: number;
  /** For the control plane's answer to one call. */
  readonly callMs: number;
  /** For the administrator to take an answer. */
  readonly takeMs: number;
  /** Between two calls. */
  readonly idleMs: number;
}

export interface AdminLineOptions {
  readonly api: AdminApi;
  readonly session: string;
  readonly address: string;
  readonly wire: Wire;
  readonly timers: Timers;
  readonly log: Log;
  readonly limits: AdminLineLimits;
  readonly onEnded: (line: AdminLine) => void;
}

/** Why a connection of an administrator ended, for the log. */
type EndCause =
  | 'peer-closed'
  | 'idle'
  | 'call-not-sent'
  | 'answer-not-taken'
  | 'session-over'
  | 'stopping'
  | WireError['code'];

/**
 * One administrator's connection once the proof was accepted: call, answer, call, answer. What the
 * calls say is none of the member's business; it reads no PACK.
 */
export class AdminLine {
  readonly #options: AdminLineOptions;
  readonly #frames: FrameReader;
  #session: string;
  #calls = 0;
  #isCalling = false;
  #hasEnded = false;
  #cancelWait: Cancel = () => undefined;

  constructor(options: AdminLineOptions) {
    this.#options = options;
    this.#session = options.session;
    this.#frames = new FrameReader(options.limits.frameBytesMax);
    this.#wait(options.limits.idleMs, 'idle');
  }

  received(bytes: Buffer): void {
    if (this.#hasEnded) return;
    try {
      if (this.#isCalling) {
        throw new WireError('message-field-invalid', 'a frame before the answer to the last');
      }
      const wasWithin = this.#frames.isWithin;
      const frame = this.#frames.push(bytes);
      if (frame !== undefined) this.#onCall(frame);
      else if (!wasWithin) this.#wait(this.#options.limits.frameMs, 'call-not-sent');
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.end(error.code);
    }
  }

  /** The socket under it takes bytes again: answers are written whole, nothing waits here. */
  drained(): void {}

  closed(): void {
    this.end('peer-closed');
  }

  end(cause: EndCause): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#cancelWait();
    const { address, log, onEnded, wire } = this.#options;
    log.info('admin.closed', { client: address, cause, calls: this.#calls });
    wire.end();
    onEnded(this);
  }

  /** Who calls and does not read would have answers gather here without end. */
  #onCall(frame: Buffer): void {
    const { limits, wire } = this.#options;
    if (wire.bufferedBytes > limits.untakenBytesMax) this.end('answer-not-taken');
    else void this.#call(frame);
  }

  async #call(frame: Buffer): Promise<void> {
    const { api, limits } = this.#options;
    this.#cancelWait();
    this.#isCalling = true;
    this.#calls += 1;
    const request = { session: this.#session, call: frame.toString('base64') };
    const answer = await api.adminCall(request, limits.callMs);
    this.#isCalling = false;
    if (this.#hasEnded) return;
    if (answer.kind !== 'ok') {
      const detail = answer.kind === 'problem' ? answer.problem.kind : answer.detail;
      this.#options.log.warn('admin.call-failed', { client: this.#options.address, detail });
      this.#answer(encodePack(failed));
    } else if (answer.value.kind === 'over') {
      this.end('session-over');
    } else {
      this.#session = answer.value.session ?? this.#session;
      this.#answer(Buffer.from(answer.value.answer, 'base64'));
    }
  }

  /** The next call may come at once, whatever of the answer is on its way still. */
  #answer(pack: Buffer): void {
    const { limits, wire } = this.#options;
    const calls = this.#calls;
    this.#wait(limits.takeMs, 'answer-not-taken');
    wire.write(encodeFrame(pack), () => {
      const isNext = this.#calls > calls || this.#frames.isWithin;
      if (!this.#hasEnded && !isNext) this.#wait(limits.idleMs, 'idle');
    });
  }

  #wait(delayMs: number, cause: EndCause): void {
    this.#cancelWait();
    this.#cancelWait = this.#options.timers.after(delayMs, () => this.end(cause));
  }
}

/** The control plane did not answer; perhaps it did what it was asked. */
const failed = new Pack().setInt('error', errorCode.controllerConnectFailed);
