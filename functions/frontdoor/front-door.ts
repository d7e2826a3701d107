import type { Clock } from '#shared/kernel/clock.ts';
import type { Log } from '#shared/kernel/log.ts';
import type { Random } from '#shared/kernel/random.ts';
import type { Sealer } from '../domain/sealing.ts';
import type { CallStore } from '../store/call-store.ts';
import type { MemberCaller } from '../store/member-caller.ts';
import type { Stores } from '../store/stores.ts';

/** How a fleet of nobody gets its first member. */
export interface Calling {
  readonly calls: CallStore;
  readonly caller: MemberCaller;
}

/** What the front door works with. */
export interface FrontDoor {
  readonly stores: Stores;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly secrets: {
    /** Opens stored credentials. */
    sealer(): Promise<Sealer>;
    /** Authenticates Hello challenges. */
    challengeKey(): Promise<Buffer>;
  };
  /** Without it a fleet of nobody stays one. */
  readonly calling?: Calling;
}

/** One connection attempt, for decisions and logs. */
export interface Source {
  readonly address: string;
  readonly requestId: string;
}
