import { classesOf } from './frame-class.ts';
import { parseFrame } from './parse/frame.ts';
import { Packet } from './parse/packet.ts';

const noFrame = Buffer.alloc(0);

/** The frame at hand, read when somebody asks and only once, whoever asks after that. */
export class Inspection {
  readonly #packet = new Packet();
  #frame: Buffer = noFrame;
  #hubVlanType = 0;
  #read = false;
  #classes = 0;

  begin(frame: Buffer, hubVlanType: number): void {
    this.#frame = frame;
    this.#hubVlanType = hubVlanType;
    this.#read = false;
  }

  get packet(): Packet {
    if (!this.#read) this.#readFrame();
    return this.#packet;
  }

  /** Bits of {@link frameClass}. */
  get classes(): number {
    if (!this.#read) this.#readFrame();
    return this.#classes;
  }

  #readFrame(): void {
    parseFrame(this.#packet, this.#frame, this.#hubVlanType);
    this.#classes = classesOf(this.#packet);
    this.#read = true;
  }
}
