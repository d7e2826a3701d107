import * as z from 'zod';
import { policySchema } from '#shared/contract/policy.ts';
import type { HubName } from '#shared/kernel/ids.ts';
import { attributesOf } from './attributes.ts';
import { hubPartition, keyOf, userPrefix } from './keys.ts';
import { itemsUnder } from './pages.ts';
import { policyAttributes } from './policy-attributes.ts';
import {
  type Attributes,
  all,
  type Item,
  is,
  isNot,
  itemAbsent,
  itemPresent,
  type Table,
} from './table.ts';

/** A user of one hub. */
const userSchema = z.object({
  name: z.string().min(1).max(255),
  version: z.number().int().positive(),
  groupName: z.string(),
  realname: z.string(),
  note: z.string(),
  /** `sealedKey`: SHA-0 of password and upper-case name, which is enough to log in: sealed. */
  auth: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('anonymous') }),
    z.object({ kind: z.literal('password'), sealedKey: z.instanceof(Uint8Array) }),
  ]),
  /** The user's own policy; absent: the default. */
  policy: policySchema.optional(),
  /** Refused from then on; 0 = never. */
  expiresMs: z.number().int().nonnegative(),
  createdMs: z.number().int(),
  updatedMs: z.number().int(),
  logins: z.number().int().nonnegative(),
  lastLoginMs: z.number().int().nonnegative(),
  /** The session that opened last, and why it is where it is (ADR 0023). */
  lastSession: z
    .object({ name: z.string(), memberId: z.string(), explanation: z.string().optional() })
    .optional(),
});

export type User = Readonly<z.infer<typeof userSchema>>;

/** Most users of one hub (protocol/06 §1). */
export const usersMax = 10_000;

export class UserStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async get(hub: HubName, name: string): Promise<User | undefined> {
    const item = await this.#table.get(keyOf.user(hub, name));
    return item && userOf(item);
  }

  /** False: a user of that name exists. */
  async create(hub: HubName, user: User): Promise<boolean> {
    const outcome = await this.#table.put(keyOf.user(hub, user.name), storedUser(user), itemAbsent);
    return outcome.kind === 'written';
  }

  /**
   * Replace what was read at `seenVersion`. False: someone changed it meanwhile. What logins leave
   * behind stays as stored: it changes without a version.
   */
  async replace(hub: HubName, user: User, seenVersion: number): Promise<boolean> {
    const { logins: _1, lastLoginMs: _2, lastSession: _3, ...configured } = user;
    const outcome = await this.#table.update(
      keyOf.user(hub, user.name),
      {
        set: storedUser(configured),
        ...(user.policy === undefined && { remove: ['policy'] }),
      },
      is('version', seenVersion),
    );
    return outcome.kind === 'written';
  }

  /** Its group is no more. Whoever changed the user since has said anew which one it is in. */
  async leaveGroup(hub: HubName, { name, version }: User): Promise<void> {
    const change = { set: { groupName: '' }, add: { version: 1 } };
    await this.#table.update(keyOf.user(hub, name), change, is('version', version));
  }

  /** False: there was no such user. */
  async remove(hub: HubName, name: string): Promise<boolean> {
    const outcome = await this.#table.delete(keyOf.user(hub, name), itemPresent);
    return outcome.kind === 'written';
  }

  async *list(hub: HubName): AsyncGenerator<User> {
    for await (const item of itemsUnder(this.#table, hubPartition(hub), userPrefix, usersMax)) {
      yield userOf(item);
    }
  }

  /**
   * Count a session that was seen to open, admitted at `issuedMs`; a user deleted meanwhile stays
   * deleted. Adding is not idempotent by itself: our own retried success is known by that moment
   * (I12).
   */
  async countLogin(
    hub: HubName,
    name: string,
    issuedMs: number,
    session?: NonNullable<User['lastSession']>,
  ): Promise<void> {
    const lastSession = session && attributesOf(session);
    await this.#table.update(
      keyOf.user(hub, name),
      { add: { logins: 1 }, set: { lastLoginMs: issuedMs, ...(lastSession && { lastSession }) } },
      all(itemPresent, isNot('lastLoginMs', issuedMs)),
    );
  }
}

function userOf(item: Item): User {
  return userSchema.parse(item);
}

function storedUser({ policy, ...user }: Partial<User>): Attributes {
  return attributesOf({ ...user, policy: policy && policyAttributes(policy) });
}
