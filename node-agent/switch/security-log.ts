import type { Log } from '#shared/kernel/log.ts';
import { ip4Text, macText } from './address-text.ts';
import type { Attachment } from './attachment.ts';
import type { DropReason } from './drop-reason.ts';
import { RateWindow } from './rate-window.ts';

/** Drops an administrator wants to hear of: somebody does what its policy forbids, or attacks. */
export type Offence = Extract<
  DropReason,
  | 'no-server'
  | 'dhcp-no-server'
  | 'mac-limit'
  | 'mac-conflict'
  | 'ip-limit'
  | 'ip-conflict'
  | 'dhcp-force'
  | 'storm'
>;

const offences: ReadonlySet<DropReason> = new Set<Offence>([
  'no-server',
  'dhcp-no-server',
  'mac-limit',
  'mac-conflict',
  'ip-limit',
  'ip-conflict',
  'dhcp-force',
  'storm',
]);

/** Events of one kind, in one hub. */
const perMinuteMax = 60;

/**
 * A hub's security log, as far as traffic fills it: one event `hub.security` for what happened,
 * who did it and which address it was about. Bounded by kind of event; what is kept back is counted
 * in the next one that passes.
 */
export class SecurityLog {
  readonly #log: Log;
  readonly #hub: string;
  readonly #windows = new Map<string, RateWindow>();

  constructor(log: Log, hub: string) {
    this.#log = log;
    this.#hub = hub;
  }

  dropped(reason: DropReason, frame: Buffer, from: Attachment, nowMs: number): void {
    if (!offences.has(reason)) return;
    this.#write(reason, from, nowMs, () => ({ mac: macText(frame, 6), frame: headOf(frame) }));
  }

  macLearned(frame: Buffer, vlanId: number, from: Attachment, nowMs: number): void {
    this.#write('mac-learned', from, nowMs, () => ({
      mac: macText(frame, 6),
      ...(vlanId !== 0 && { vlan: vlanId }),
    }));
  }

  /** A DHCP server at `from` has lent an address to the station of `to`. */
  addressLent(
    address: number,
    leaseSec: number,
    from: Attachment,
    to: Attachment,
    nowMs: number,
  ): void {
    this.#write('dhcp-lent', from, nowMs, () => ({
      address: ip4Text(address),
      leaseSec,
      to: to.name,
      toUser: to.userKey,
    }));
  }

  #write(what: string, from: Attachment, nowMs: number, more: () => object): void {
    let window = this.#windows.get(what);
    if (window === undefined) {
      window = new RateWindow();
      this.#windows.set(what, window);
    }
    if (!window.admits(perMinuteMax, nowMs)) return;
    const { suppressed } = window;
    window.suppressed = 0;
    this.#log.info('hub.security', {
      hub: this.#hub,
      what,
      attachment: from.name,
      user: from.userKey,
      ...more(),
      ...(suppressed > 0 && { suppressed }),
    });
  }
}

/** Enough of a frame to see addresses and ports. */
function headOf(frame: Buffer): string {
  return frame.toString('hex', 0, 54);
}
