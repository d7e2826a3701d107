import type { Attachment, AttachmentOptions } from '#node-agent/switch/attachment.ts';
import {
  HubInstance,
  type HubInstanceOptions,
  type SwitchLimits,
  switchLimits,
} from '#node-agent/switch/hub-instance.ts';
import { ManualTime } from '#test/node-agent/dial/manual-time.ts';
import { payloadOf } from '#test/support/frames.ts';

/** A station: an attachment and what was delivered to it. */
export interface Station {
  readonly attachment: Attachment;
  readonly received: string[];
  /** The same as frames. */
  readonly frames: Buffer[];
  /** Let one frame arrive from here, as a batch of its own. */
  send(frame: Buffer): void;
}

/** A hub instance on a table, with a clock to turn and a fence to close. */
export class HubBench {
  readonly time = new ManualTime();
  readonly hub: HubInstance;
  held = true;

  constructor(limits: Partial<SwitchLimits> = {}, options: Partial<HubInstanceOptions> = {}) {
    this.hub = new HubInstance({
      name: 'HUB',
      clock: this.time,
      mayForward: () => this.held,
      seed: 0x12345678,
      limits: { ...switchLimits, ...limits },
      timers: this.time,
      ...options,
    });
  }

  plug(name: string, options: Omit<AttachmentOptions, 'name'> = {}): Station {
    const received: string[] = [];
    const frames: Buffer[] = [];
    const deliver = (frame: Buffer): void => {
      received.push(payloadOf(frame));
      frames.push(frame);
    };
    const attachment = this.hub.attach({ deliver }, { name, ...options });
    return {
      attachment,
      received,
      frames,
      send: (frame) => {
        this.hub.beginBatch();
        this.hub.forward(frame, attachment);
      },
    };
  }
}
