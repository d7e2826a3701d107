import * as z from 'zod';
import type { HubName } from '#shared/kernel/ids.ts';
import { userTag } from '../domain/throttle.ts';
import { attributesOf } from './attributes.ts';
import { keyOf } from './keys.ts';
import { always, type Table } from './table.ts';

const rejectionSchema = z.object({
  atMs: z.number().int(),
  /** SoftEther's number, as the client was told. */
  code: z.number().int(),
  /** As in the log. */
  reason: z.string(),
  /** Address the login came from, and what the client said it is. */
  source: z.string(),
  client: z.string(),
  explanation: z.string().optional(),
});

/** Why somebody was not let in, the last time. */
export type LoginRejection = Readonly<z.infer<typeof rejectionSchema>>;

export interface RejectedLogin extends LoginRejection {
  readonly hub: HubName;
  readonly user: string;
  /** Whoever it was had proven to be that user. */
  readonly proven: boolean;
}

/** Swept by the table's TTL some time after this. */
const keptMs = 7 * 86_400_000;
/** A client that keeps trying is written down this often. */
const againAfterMs = 30_000;
/** Users whose last note one process remembers. */
const rememberedMax = 2_000;
/** Notes one process takes of one source's logins, a minute, while nobody has proven anything. */
export const unprovenNotesMax = 60;
const windowMs = 60_000;

/**
 * The last rejection of each user of a hub, kept for "why can she not log in?" (ADR 0023). It is
 * written whether there is such a user or not, so that time tells nobody; under a digest of the
 * names, for what is typed as a name may be a password.
 */
export class RejectionStore {
  readonly #table: Table;
  /** By user, when a rejection for this reason was noted. Bounded; the oldest go first. */
  readonly #noted = new Map<string, number>();
  #unproven = new Map<string, number>();
  #windowSinceMs = 0;

  constructor(table: Table) {
    this.#table = table;
  }

  /** False: not written down, because it was a moment ago, or its source asks for too much. */
  async note({ hub, user, proven, ...rejection }: RejectedLogin): Promise<boolean> {
    const tag = userTag(hub, user);
    const { atMs, reason, source } = rejection;
    if (!this.#isNews(`${tag} ${reason}`, atMs)) return false;
    if (!proven && !this.#mayTell(source, atMs)) return false;
    const ttl = Math.ceil((atMs + keptMs) / 1_000);
    await this.#table.put(keyOf.rejection(tag), attributesOf({ ...rejection, ttl }), always);
    return true;
  }

  async get(hub: HubName, user: string): Promise<LoginRejection | undefined> {
    const item = await this.#table.get(keyOf.rejection(userTag(hub, user)));
    return item && rejectionSchema.parse(item);
  }

  #isNews(key: string, nowMs: number): boolean {
    const noted = this.#noted.get(key);
    if (noted !== undefined && nowMs - noted < againAfterMs) return false;
    this.#noted.delete(key);
    this.#noted.set(key, nowMs);
    if (this.#noted.size > rememberedMax) {
      for (const oldest of this.#noted.keys()) {
        this.#noted.delete(oldest);
        break;
      }
    }
    return true;
  }

  #mayTell(source: string, nowMs: number): boolean {
    if (nowMs - this.#windowSinceMs >= windowMs || this.#unproven.size > rememberedMax) {
      this.#unproven = new Map();
      this.#windowSinceMs = nowMs;
    }
    const count = (this.#unproven.get(source) ?? 0) + 1;
    this.#unproven.set(source, count);
    return count <= unprovenNotesMax;
  }
}
