import type { HubConfig } from '#shared/contract/hub.ts';
import { nameKey } from '#shared/kernel/ids.ts';
import type { HubInstance } from '../switch/hub-instance.ts';
import type { SendBudget } from './send-budget.ts';
import type { CloseReason, Session } from './session.ts';
import { UsualSessions } from './usual-sessions.ts';

/** A hub running on this member, at one epoch: 0 for a static hub. */
export interface RunningHub {
  readonly instance: HubInstance;
  readonly epoch: number;
  /** What its sessions may have waiting together. */
  readonly sendBudget: SendBudget;
  config: HubConfig;
  /** By name key. */
  readonly sessions: Map<string, Session>;
  readonly usual: UsualSessions;
  /** Since when no session is left, monotonic. */
  emptySinceMs: number;
}

export interface ReleasedHub {
  readonly name: string;
  readonly epoch: number;
  /** Sessions it usually has, if that is not what the control plane knows. */
  readonly usual?: number;
}

/** A running dynamic hub that has clearly more or fewer sessions than the control plane knows. */
export interface ChangedHub extends ReleasedHub {
  readonly usual: number;
}

export type OpenOutcome =
  | { readonly kind: 'open'; readonly hub: RunningHub }
  | { readonly kind: 'refused'; readonly reason: OpenRefusal };

export type OpenRefusal =
  | 'older-epoch' // a newer placement runs, or ran, here (I3)
  | 'released' // this very placement was given back
  | 'hub-offline'
  | 'too-many-hubs';

export interface HubTableOptions {
  readonly hubsMax: number;
  /** A hub without a session is closed after this long. */
  readonly idleReleaseMs: number;
  /** The epoch of a closed placement is remembered this long: longer than a ticket lives. */
  readonly closedEpochMs: number;
  readonly nowMs: () => number;
  readonly createInstance: (config: HubConfig) => HubInstance;
  readonly createSendBudget: () => SendBudget;
  /** A dynamic hub's placement is over on this member and was not superseded. */
  readonly onReleased: (released: ReleasedHub) => void;
  /** What a dynamic hub usually has is worth telling. */
  readonly onChanged?: (changed: ChangedHub) => void;
  /** An instance has ended, its sessions with it. */
  readonly onEnded: (hub: RunningHub, reason: CloseReason) => void;
}

/** The hub instances of this member and who is on them. */
export class HubTable {
  readonly #options: HubTableOptions;
  readonly #running = new Map<string, RunningHub>();
  /** Highest epoch closed here, in order of closing. */
  readonly #closedEpochs = new Map<string, { epoch: number; closedMs: number }>();

  constructor(options: HubTableOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#running.size;
  }

  all(): RunningHub[] {
    return [...this.#running.values()];
  }

  dynamic(): RunningHub[] {
    return this.all().filter((hub) => hub.config.kind === 'dynamic');
  }

  find(name: string): RunningHub | undefined {
    return this.#running.get(nameKey(name));
  }

  /** Sessions that dynamic hubs usually have and that are not there: they may come any time. */
  awaited(): number {
    const nowMs = this.#options.nowMs();
    let awaited = 0;
    for (const hub of this.#running.values()) {
      if (hub.config.kind !== 'dynamic') continue;
      awaited += Math.max(0, hub.usual.value(nowMs) - hub.sessions.size);
    }
    return awaited;
  }

  /**
   * The hub a grant names, started if need be; `usual` is what the control plane knows of its size.
   * A newer epoch ends the older instance first.
   */
  open(config: HubConfig, epoch: number, usual = 0): OpenOutcome {
    const running = this.find(config.name);
    if (running !== undefined && epoch < running.epoch) return refused('older-epoch');
    if (running !== undefined && epoch > running.epoch) this.#end(running, 'hub-moved');
    if (running === undefined || running.epoch !== epoch) {
      const closed = this.#closedEpochs.get(nameKey(config.name))?.epoch ?? 0;
      if (config.kind === 'dynamic' && epoch === closed) return refused('released');
      if (config.kind === 'dynamic' && epoch < closed) return refused('older-epoch');
      if (this.#running.size >= this.#options.hubsMax) return refused('too-many-hubs');
    } else {
      this.configure(config);
    }
    const current = this.find(config.name) ?? this.#start(config, epoch, usual);
    return current.config.online ? { kind: 'open', hub: current } : refused('hub-offline');
  }

  /** Take over a newer configuration; going offline ends the sessions. */
  configure(config: HubConfig): void {
    const hub = this.find(config.name);
    if (hub === undefined || config.version <= hub.config.version) return;
    hub.config = config;
    hub.instance.configure(config);
    if (!config.online) closeSessions(hub, 'hub-offline');
  }

  /** End the hub here, its sessions with it; a dynamic one's placement is given back. */
  close(hub: RunningHub, reason: CloseReason): void {
    this.#end(hub, reason);
    if (hub.config.kind !== 'dynamic') return;
    const usual = hub.usual.last(this.#options.nowMs());
    const released = { name: hub.config.name, epoch: hub.epoch };
    this.#options.onReleased(usual === undefined ? released : { ...released, usual });
  }

  /** End the hub because its placement is another's by now: there is nothing to give back. */
  abandon(hub: RunningHub, reason: CloseReason): void {
    this.#end(hub, reason);
  }

  /** Close what nobody has used for long; forget what nobody can ask for any more. */
  sweep(): void {
    const nowMs = this.#options.nowMs();
    for (const hub of this.all()) {
      const idleMs = nowMs - hub.emptySinceMs;
      if (hub.sessions.size === 0 && idleMs >= this.#options.idleReleaseMs) {
        this.close(hub, 'hub-removed');
      } else if (hub.config.kind === 'dynamic') {
        this.#tellChange(hub, nowMs);
      }
    }
    for (const [key, { closedMs }] of this.#closedEpochs) {
      if (nowMs - closedMs < this.#options.closedEpochMs) return;
      this.#closedEpochs.delete(key);
    }
  }

  addSession(hub: RunningHub, session: Session): void {
    hub.sessions.set(nameKey(session.name), session);
    hub.usual.see(hub.sessions.size, this.#options.nowMs());
  }

  removeSession(hub: RunningHub, session: Session): void {
    if (hub.sessions.get(nameKey(session.name)) !== session) return;
    hub.usual.see(hub.sessions.size, this.#options.nowMs());
    hub.sessions.delete(nameKey(session.name));
    hub.emptySinceMs = this.#options.nowMs();
  }

  #tellChange(hub: RunningHub, nowMs: number): void {
    hub.usual.see(hub.sessions.size, nowMs);
    const usual = hub.usual.news(nowMs);
    if (usual === undefined) return;
    this.#options.onChanged?.({ name: hub.config.name, epoch: hub.epoch, usual });
  }

  #start(config: HubConfig, epoch: number, usual: number): RunningHub {
    const hub: RunningHub = {
      instance: this.#options.createInstance(config),
      epoch,
      sendBudget: this.#options.createSendBudget(),
      config,
      sessions: new Map(),
      usual: new UsualSessions(usual, this.#options.nowMs()),
      emptySinceMs: this.#options.nowMs(),
    };
    this.#running.set(nameKey(config.name), hub);
    return hub;
  }

  #end(hub: RunningHub, reason: CloseReason): void {
    const key = nameKey(hub.config.name);
    if (this.#running.get(key) !== hub) return;
    this.#running.delete(key);
    hub.instance.close();
    closeSessions(hub, reason);
    this.#options.onEnded(hub, reason);
    if (hub.config.kind !== 'dynamic') return;
    this.#closedEpochs.delete(key);
    this.#closedEpochs.set(key, { epoch: hub.epoch, closedMs: this.#options.nowMs() });
  }
}

function closeSessions(hub: RunningHub, reason: CloseReason): void {
  for (const session of [...hub.sessions.values()]) session.close(reason);
}

function refused(reason: OpenRefusal): OpenOutcome {
  return { kind: 'refused', reason };
}
