import { shortId } from './screen.ts';

/** What the story is told from, at one moment. */
export interface Facts {
  readonly members: readonly MemberFact[];
  readonly clients: readonly ClientFact[];
}

export interface MemberFact {
  readonly id: string;
  /** `dead` once its process ended. */
  readonly state: string;
  /** Until then the control plane believes in it; undefined: it does not. In `Facts` time. */
  readonly leaseLeftMs: number | undefined;
}

export interface ClientFact {
  readonly name: string;
  /** The member it is on, or was last. */
  readonly memberId: string;
  readonly connected: boolean;
  /** Sessions it had so far. */
  readonly sessions: number;
}

interface Incident {
  readonly kind: 'died' | 'drains';
  readonly memberId: string;
  readonly startedMs: number;
  /** Clients it hit, and how many sessions they had had. */
  readonly hit: ReadonlyMap<string, number>;
  /** How long until the last of them was back. */
  backAfterMs?: number;
}

/** Follows the last thing that happened to a member, and what became of the clients it hit. */
export class Story {
  #states: ReadonlyMap<string, string> = new Map();
  #incident: Incident | undefined;
  #facts: Facts = { members: [], clients: [] };

  observe(facts: Facts, nowMs: number): void {
    this.#facts = facts;
    for (const { id, state } of facts.members) {
      const before = this.#states.get(id);
      if (before === undefined || before === state) continue;
      if (state === 'draining') this.drains(id, nowMs);
      // A drained member's process ends too; that is the end of its story, not another.
      if (state === 'dead' && this.#draining !== id) this.#begin('died', id, nowMs);
    }
    this.#states = new Map(facts.members.map(({ id, state }) => [id, state]));
    const incident = this.#incident;
    if (incident !== undefined && incident.backAfterMs === undefined && this.#away().length === 0) {
      incident.backAfterMs = nowMs - incident.startedMs;
    }
  }

  /** A member was told to drain, or says that it does. */
  drains(memberId: string, nowMs: number): void {
    if (this.#draining !== memberId) this.#begin('drains', memberId, nowMs);
  }

  headline(nowMs: number): string {
    const { clients } = this.#facts;
    const incident = this.#incident;
    if (incident === undefined) {
      const connected = clients.filter((client) => client.connected).length;
      return `${connected} of ${clients.length} clients are connected`;
    }
    const ago = seconds(nowMs - incident.startedMs);
    const id = shortId(incident.memberId);
    const what =
      incident.kind === 'died'
        ? `member ${id} died ${ago} ago`
        : `member ${id} began to drain ${ago} ago`;
    return [what, ...this.#leaseText(incident), this.#returnText(incident)].join('; ');
  }

  get #draining(): string | undefined {
    return this.#incident?.kind === 'drains' ? this.#incident.memberId : undefined;
  }

  #begin(kind: Incident['kind'], memberId: string, startedMs: number): void {
    const hit = this.#facts.clients.filter((client) => client.memberId === memberId);
    this.#incident = {
      kind,
      memberId,
      startedMs,
      hit: new Map(hit.map(({ name, sessions }) => [name, sessions])),
    };
  }

  /** Those hit that have no new session yet. */
  #away(): readonly ClientFact[] {
    const hit = this.#incident?.hit ?? new Map<string, number>();
    return this.#facts.clients.filter(({ name, connected, sessions }) => {
      const before = hit.get(name);
      return before !== undefined && !(connected && sessions > before);
    });
  }

  #leaseText(incident: Incident): readonly string[] {
    if (incident.kind === 'drains' || incident.backAfterMs !== undefined) return [];
    const member = this.#facts.members.find(({ id }) => id === incident.memberId);
    if (member?.leaseLeftMs === undefined) return ['it was called lost'];
    if (member.leaseLeftMs <= 0) return ['its lease is over'];
    return [`lease ends in ${seconds(member.leaseLeftMs)}`];
  }

  #returnText(incident: Incident): string {
    const count = incident.hit.size;
    if (count === 0) return 'no client was on it';
    if (incident.backAfterMs !== undefined) {
      return `its ${clientsText(count)} back after ${seconds(incident.backAfterMs)}`;
    }
    const away = clientsText(this.#away().length);
    return incident.kind === 'died' ? `${away} on the way back` : `${away} still to move`;
  }
}

function clientsText(count: number): string {
  return count === 1 ? '1 client' : `${count} clients`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
