import type { Attributes, Change, Condition, Key, Outcome, Table } from '#functions/store/table.ts';
import { always } from '#functions/store/table.ts';
import { WrappedTable } from '#test/support/wrapped-table.ts';
import type { Plants } from './world.ts';

/** A mistake of the kind people make, put around production code, and who must notice. */
export interface Planted {
  readonly name: string;
  readonly plants: Plants;
  /** The violation's beginning; several where the mistake breaks more than one rule. */
  readonly noticedAs: readonly string[];
}

export const planted: readonly Planted[] = [
  {
    name: 'claim without condition: the last of several first clients wins',
    plants: { engine: (table) => new Careless(table, { forgets: isPlacement, what: 'all' }) },
    noticedAs: ['I1', 'I2', 'I3'],
  },
  {
    name: 'drop an epoch check: a heartbeat counts whatever its epoch',
    plants: {
      alterHeartbeat: (observed, stored) => ({
        ...observed,
        epoch: stored?.epoch ?? observed.epoch,
        seq: Math.max(observed.seq, (stored?.seq ?? 0) + 1),
      }),
    },
    noticedAs: ['I1', 'I2', 'I3'],
  },
  {
    name: 'fence late: the member trusts its lease longer than the control plane does',
    plants: {
      alterJoin: (answer) => ({
        ...answer,
        timing: { ...answer.timing, fenceAfterMs: 40_000, leaseTtlMs: 42_000 },
      }),
    },
    noticedAs: ['I1', 'I2'],
  },
  {
    name: 'ask nobody: a member takes its own isolation for an outage',
    plants: {
      alterDesired: ({ peers, ...desired }) => ({
        ...desired,
        ...(peers && { peers: { ...peers, list: [] } }),
      }),
    },
    noticedAs: ['I1'],
  },
  {
    name: 'trust nobody: a member takes every outage for its own isolation',
    plants: { alterDesired: ({ peers: _unheard, ...desired }) => desired },
    noticedAs: ['I10'],
  },
  {
    name: 'skip an idempotence check: a redeemed ticket stays',
    plants: { engine: (table) => new Careless(table, { keeps: isTicket }) },
    noticedAs: ['I4'],
  },
  {
    name: 'double headroom release: a repeated heartbeat releases reservations again',
    plants: { engine: (table) => new Careless(table, { forgets: isMember, what: ['seq'] }) },
    noticedAs: ['I12', 'I3'],
  },
  {
    name: 'forget the state: a heartbeat makes a draining member active again',
    plants: { engine: (table) => new Careless(table, { alters: makesActive }) },
    noticedAs: ['I7'],
  },
  {
    name: 'count without looking: a repeated login is counted again',
    plants: { engine: (table) => new Careless(table, { forgets: isUser, what: 'all' }) },
    noticedAs: ['I12'],
  },
  {
    name: 'sit down without looking: a full hub takes one more',
    plants: { engine: (table) => new Careless(table, { forgets: isSeats, what: ['taken'] }) },
    noticedAs: ['I11'],
  },
];

const isSeats = (key: Key): boolean => key.sk.startsWith('SEATS#');
const isPlacement = (key: Key): boolean => key.sk === 'PLACEMENT';
const isMember = (key: Key): boolean => key.sk === 'STATE';
const isTicket = (key: Key): boolean => key.sk === 'GRANT';
const makesActive = (change: Change): Change =>
  change.set?.['seq'] === undefined
    ? change
    : { ...change, set: { ...change.set, state: 'active' } };
const isUser = (key: Key): boolean => key.sk.startsWith('USER#');

interface Carelessness {
  /** Of these items' conditions… */
  readonly forgets?: (key: Key) => boolean;
  /** …these attributes are not looked at. */
  readonly what?: 'all' | readonly string[];
  readonly alters?: (change: Change) => Change;
  /** Deleting these items leaves them where they are. */
  readonly keeps?: (key: Key) => boolean;
}

/** A store that was asked for less than what was decided upon. */
class Careless extends WrappedTable {
  readonly #how: Carelessness;

  constructor(table: Table, how: Carelessness) {
    super(table);
    this.#how = how;
  }

  override put(key: Key, attributes: Attributes, condition: Condition): Promise<Outcome> {
    return super.put(key, attributes, this.#weakened(key, condition));
  }

  override update(key: Key, change: Change, condition: Condition): Promise<Outcome> {
    const altered = this.#how.alters?.(change) ?? change;
    return super.update(key, altered, this.#weakened(key, condition));
  }

  override async delete(key: Key, condition: Condition): Promise<Outcome> {
    if (!this.#how.keeps?.(key)) return super.delete(key, this.#weakened(key, condition));
    return super.update(key, { set: { kept: true } }, condition);
  }

  #weakened(key: Key, condition: Condition): Condition {
    const { forgets, what = 'all' } = this.#how;
    if (forgets === undefined || !forgets(key)) return condition;
    return what === 'all' ? always : without(condition, what);
  }
}

/** A condition that looks at everything but these attributes. */
function without(condition: Condition, attributes: readonly string[]): Condition {
  if (condition.kind === 'compare') {
    return attributes.includes(condition.attribute) ? always : condition;
  }
  if (condition.kind === 'all' || condition.kind === 'any') {
    return { kind: condition.kind, of: condition.of.map((part) => without(part, attributes)) };
  }
  return condition;
}
