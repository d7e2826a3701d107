import { hubName } from '#shared/kernel/ids.ts';
import type { Login } from '#shared/wire/login.ts';
import {
  afterFailure,
  afterSuccess,
  type Lock,
  lockOf,
  sourceKey,
  userTag,
} from '../domain/throttle.ts';
import type { StoredSource } from '../store/throttle-store.ts';
import type { FrontDoor, Source } from './front-door.ts';

/** A failure is written down against so many others at the same moment. */
const attemptsMax = 8;

/**
 * What one login's source has done lately. Read once, beside what every login reads; written when
 * a login failed, and when one succeeded after failures of the same user.
 */
export class Throttle {
  readonly #frontDoor: FrontDoor;
  readonly #source: string;
  readonly #user: string;
  #seen: StoredSource | undefined;

  constructor(frontDoor: FrontDoor, login: Pick<Login, 'hubName' | 'userName'>, source: Source) {
    this.#frontDoor = frontDoor;
    this.#source = sourceKey(source.address);
    this.#user = userTag(hubName(login.hubName), login.userName);
  }

  async load(): Promise<Lock | undefined> {
    const { clock, stores } = this.#frontDoor;
    this.#seen = await stores.throttle.get(this.#source);
    return lockOf(this.#seen, this.#user, clock.nowMs());
  }

  async failed(): Promise<void> {
    const { clock, log, stores } = this.#frontDoor;
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const record = afterFailure(this.#seen, this.#user, clock.nowMs());
      const outcome = await stores.throttle.replace(this.#source, record, this.#seen);
      if (outcome !== 'written') {
        this.#seen = outcome;
        continue;
      }
      const locked = lockOf(record, this.#user, clock.nowMs());
      const { source } = record;
      const own = record.users.at(-1);
      const { count, lockedUntilMs } = locked === 'source' || own === undefined ? source : own;
      const forMs = lockedUntilMs - clock.nowMs();
      if (locked) log.warn('login.throttled', { source: this.#source, locked, count, forMs });
      return;
    }
  }

  /** Should somebody else write at the same moment, the next success clears it. */
  async succeeded(): Promise<void> {
    const seen = this.#seen;
    if (seen === undefined || !seen.users.some(({ user }) => user === this.#user)) return;
    const record = afterSuccess(seen, this.#user);
    await this.#frontDoor.stores.throttle.replace(this.#source, record, seen);
  }
}
