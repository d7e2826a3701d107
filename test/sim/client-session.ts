import { encodeBatch, encodeKeepAlive, FrameDecoder } from '#node-agent/stream/frame-batch.ts';
import { encodeAdditionalConnect } from '#shared/wire/additional-connect.ts';
import { readError } from '#shared/wire/error-answer.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { answerPackLimits, decodePack, encodePack } from '#shared/wire/pack.ts';
import type { Welcome } from '#shared/wire/welcome.ts';
import type { LinkEnd } from './link.ts';
import type { Seeded } from './seeded.ts';
import type { SimClient } from './sim-client.ts';

export interface ClientSessionOptions {
  readonly client: SimClient;
  readonly welcome: Welcome;
  readonly first: LinkEnd;
  readonly random: Seeded;
  readonly redial: () => Promise<LinkEnd | undefined>;
  readonly pinHolds: () => boolean;
  readonly onFrame: (frame: Buffer) => void;
}

interface Line {
  readonly end: LinkEnd;
  heardMs: number;
  keepAliveMs: number;
}

/** Genuine clients try to add a connection this often (protocol/05 §3). */
const addEveryMs = 1_000;
const frameEveryMs = 1_000;
const tickMs = 500;
/** An experimental type (IEEE 802), broadcast: every port of the hub gets a copy. */
const etherType = 0x88b5;

/** The client's half of a session: keep-alives, time-outs and connections as in protocol/05 §3. */
export class ClientSession {
  readonly name: string;
  readonly over: Promise<string>;
  readonly #options: ClientSessionOptions;
  readonly #lines: Line[] = [];
  readonly #timeoutMs: number;
  #finish: (why: string) => void = () => undefined;
  #finished = false;
  #activeMs: number;
  #addAtMs: number;
  #frameAtMs: number;
  #adding = false;
  #framesSent = 0;

  constructor(options: ClientSessionOptions) {
    this.#options = options;
    this.name = options.welcome.sessionName;
    this.#timeoutMs = options.welcome.timeoutMs;
    this.over = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#activeMs = this.#nowMs();
    this.#addAtMs = this.#nowMs() + addEveryMs;
    this.#frameAtMs = this.#nowMs() + options.random.between(0, frameEveryMs);
    this.#add(options.first);
    this.#tick();
  }

  /** Connections that stand. */
  get connections(): number {
    return this.#lines.length;
  }

  get framesSent(): number {
    return this.#framesSent;
  }

  /** End it from this side. */
  drop(): void {
    this.#end('left');
  }

  #nowMs(): number {
    return this.#options.client.process.clock.monotonicMs();
  }

  #add(end: LinkEnd): void {
    const line: Line = { end, heardMs: this.#nowMs(), keepAliveMs: this.#nowMs() };
    const heard = (): void => {
      line.heardMs = this.#activeMs = this.#nowMs();
    };
    const decoder = new FrameDecoder({
      onFrame: (frame) => {
        heard();
        this.#options.onFrame(frame);
      },
      onKeepAlive: heard,
      onDrop: heard,
    });
    this.#lines.push(line);
    end.listen({
      onData: (bytes) => {
        if (!this.#finished) decoder.push(bytes);
      },
      onEnd: () => this.#remove(line),
    });
  }

  #remove(line: Line): void {
    const at = this.#lines.indexOf(line);
    if (at >= 0) this.#lines.splice(at, 1);
    line.end.end();
  }

  #tick(): void {
    if (this.#finished) return;
    const nowMs = this.#nowMs();
    for (const line of [...this.#lines]) {
      if (nowMs - line.heardMs >= this.#timeoutMs) this.#remove(line);
      else if (nowMs >= line.keepAliveMs) this.#keepAlive(line, nowMs);
    }
    if (nowMs - this.#activeMs >= this.#timeoutMs) {
      this.#end('timeout');
      return;
    }
    if (nowMs >= this.#frameAtMs) this.#sendFrame(nowMs);
    if (nowMs >= this.#addAtMs && this.#lines.length < this.#options.welcome.maxConnection) {
      this.#addAtMs = nowMs + addEveryMs;
      if (!this.#adding) void this.#addConnection();
    }
    this.#options.client.process.timers.after(tickMs, () => this.#tick());
  }

  #keepAlive(line: Line, nowMs: number): void {
    const { random } = this.#options;
    line.keepAliveMs = nowMs + random.between(this.#timeoutMs / 5, this.#timeoutMs / 2);
    line.end.send(encodeKeepAlive(Buffer.alloc(0)));
    this.#activeMs = nowMs;
  }

  #sendFrame(nowMs: number): void {
    this.#frameAtMs = nowMs + frameEveryMs;
    const line = this.#lines[0];
    if (line === undefined) return;
    const { client } = this.#options;
    const frame = Buffer.alloc(60);
    frame.fill(0xff, 0, 6);
    frame.writeUInt16BE(0x0200, 6);
    frame.writeUInt32BE(client.number + 1, 8);
    frame.writeUInt16BE(etherType, 12);
    frame.write(client.hub, 14, 'latin1');
    this.#framesSent += 1;
    line.end.send(encodeBatch([frame]));
    this.#activeMs = nowMs;
  }

  /** protocol/02 §10: on 13 and 14 the session is over, on anything else it is tried again. */
  async #addConnection(): Promise<void> {
    this.#adding = true;
    const end = await this.#options.redial();
    this.#adding = false;
    if (end === undefined) return;
    if (this.#finished) {
      end.end();
      return;
    }
    if (!this.#options.pinHolds()) {
      end.end();
      this.#end('another certificate'); // protocol/04 §2
      return;
    }
    const { clientStr, clientVer, clientBuild } = genuine;
    const sessionKey = this.#options.welcome.sessionKey;
    const request = { sessionKey, clientStr, clientVer, clientBuild };
    end.send(encodePack(encodeAdditionalConnect(request)));
    end.listen({
      onData: (bytes) => {
        const code = readError(decodePack(bytes, answerPackLimits));
        if (this.#finished) end.end();
        else if (code === errorCode.none) {
          end.listener = undefined;
          this.#add(end);
        } else {
          end.end();
          const isOver = code === errorCode.sessionTimeout || code === errorCode.invalidProtocol;
          if (isOver) this.#end(`member says ${code}`);
        }
      },
      onEnd: () => undefined,
    });
  }

  #end(why: string): void {
    if (this.#finished) return;
    this.#finished = true;
    for (const line of this.#lines.splice(0)) line.end.end();
    this.#finish(why);
  }
}

const genuine = { clientStr: 'SoftEther VPN Client', clientVer: 444, clientBuild: 9807 } as const;

/** The hub a frame was meant for. */
export function hubOfFrame(frame: Buffer): string {
  return frame.toString('latin1', 14).replace(/\0+$/, '');
}
