import assert from 'node:assert/strict';
import { agentApiApp } from '#functions/agent-api/app.ts';
import { deriveKey, Sealer, sealContext } from '#functions/domain/sealing.ts';
import { frontDoorApp } from '#functions/frontdoor/app.ts';
import type { Hub } from '#functions/store/hub-store.ts';
import { type Stores, storesOver } from '#functions/store/stores.ts';
import type { Table } from '#functions/store/table.ts';
import type { User } from '#functions/store/user-store.ts';
import { watchMessage } from '#functions/store/watch-message.ts';
import { watch } from '#functions/watchdog/watchdog.ts';
import type { JoinRequest } from '#shared/contract/member.ts';
import { hubName, nameKey } from '#shared/kernel/ids.ts';
import type { Fields } from '#shared/kernel/log.ts';
import type { Random } from '#shared/kernel/random.ts';
import { readError } from '#shared/wire/error-answer.ts';
import { decodeHello, type Hello } from '#shared/wire/hello.ts';
import { connectBody, connectTarget, vpnTarget } from '#shared/wire/http.ts';
import { encodeLogin } from '#shared/wire/login.ts';
import { answerPackLimits, decodePack, encodePack, type Pack } from '#shared/wire/pack.ts';
import { hashPassword } from '#shared/wire/password.ts';
import { decodeRedirect, isRedirect, type Redirect } from '#shared/wire/redirect.ts';
import { ManualGroup } from '#test/support/manual-group.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { EventLog, ManualClock, ManualQueue, PromptTimers, seededRandom } from './doubles.ts';
import { type LoginResult, type LoginWish, loginOf } from './login-wish.ts';
import { TestMember } from './test-member.ts';

/** What the secret of the first password holds. */
export const adminPassword = 'first-password';

/** Front door, agent API and watchdog in this process over one table. */
export class ControlPlane {
  readonly clock = new ManualClock();
  readonly timers = new PromptTimers((byMs) => this.clock.advance(byMs));
  readonly random: Random;
  readonly log = new EventLog();
  readonly queue = new ManualQueue();
  readonly group = new ManualGroup();
  readonly stores: Stores;
  readonly sealer: Sealer;
  readonly challengeKey = deriveKey('test', 'hello-challenge');
  readonly frontDoor: ReturnType<typeof frontDoorApp>;
  readonly agentApi: ReturnType<typeof agentApiApp>;

  constructor(table: Table = new MemoryTable(), seed = 1) {
    const { clock, log } = this;
    this.random = seededRandom(seed);
    this.stores = storesOver(table);
    this.sealer = new Sealer(deriveKey('test', 'seal-credentials'), this.random);
    const secrets = {
      sealer: async () => this.sealer,
      challengeKey: async () => this.challengeKey,
    };
    const { random, stores } = this;
    this.frontDoor = frontDoorApp({ stores, clock, random, log, secrets });
    this.agentApi = agentApiApp({
      stores,
      watchdogQueue: this.queue,
      secrets: { sealer: secrets.sealer, adminPassword: async () => adminPassword },
      clock,
      timers: this.timers,
      random,
      log,
      witnessKey: async () => deriveKey('test', 'witness'),
      adminChallengeKey: async () => deriveKey('test', 'admin-challenge'),
    });
  }

  async createHub(name: string, kind: Hub['kind'], changes: Partial<Hub> = {}): Promise<Hub> {
    const hub: Hub = {
      name: hubName(name),
      kind,
      version: 1,
      online: true,
      maxSession: 0,
      noEnum: false,
      sessionTimeoutMs: 5_000,
      message: '',
      createdMs: this.clock.nowMs(),
      ...changes,
    };
    assert(await this.stores.hubs.create(hub));
    return hub;
  }

  /** A password user; without a password an anonymous one. */
  async createUser(
    hub: string,
    name: string,
    password: string | undefined,
    changes: Partial<User> = {},
  ): Promise<void> {
    const context = sealContext.user(nameKey(hub), nameKey(name));
    const user: User = {
      name,
      version: 1,
      groupName: '',
      realname: '',
      note: '',
      auth:
        password === undefined
          ? { kind: 'anonymous' }
          : {
              kind: 'password',
              sealedKey: this.sealer.seal(hashPassword(password, name), context),
            },
      expiresMs: 0,
      createdMs: this.clock.nowMs(),
      updatedMs: this.clock.nowMs(),
      logins: 0,
      lastLoginMs: 0,
      ...changes,
    };
    assert(await this.stores.users.create(hubName(hub), user));
  }

  /** The hub administrator's password, as CreateHub stores it. */
  sealedSecurePassword(hub: string, password: string): Uint8Array<ArrayBuffer> {
    const hash = hashPassword(password, 'administrator');
    return new Uint8Array(this.sealer.seal(hash, sealContext.hubSecurePassword(nameKey(hub))));
  }

  /** A member that has joined and sent its first heartbeat. */
  async startMember(id: string, changes: Partial<JoinRequest> = {}): Promise<TestMember> {
    const member = new TestMember(this, id, changes);
    await member.join();
    await member.beat();
    return member;
  }

  /** What the front door answers to one PACK. */
  async ask(body: Pack | Uint8Array, address = '198.51.100.1'): Promise<Pack> {
    const bytes = body instanceof Uint8Array ? body : encodePack(body);
    const response = await this.post(vpnTarget, bytes, address);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'application/octet-stream');
    return decodePack(Buffer.from(await response.arrayBuffer()), answerPackLimits);
  }

  async hello(address = '198.51.100.1'): Promise<Hello> {
    const response = await this.post(connectTarget, Buffer.from(connectBody), address);
    assert.equal(response.status, 200);
    return decodeHello(decodePack(Buffer.from(await response.arrayBuffer()), answerPackLimits));
  }

  async post(path: string, body: Uint8Array, clientAddress: string): Promise<Response> {
    const init = { method: 'POST', body: new Uint8Array(body) };
    return this.frontDoor.request(path, init, { clientAddress, requestId: 'test' });
  }

  /** Hello and login, as a client would; the answer is a Redirect or an error. */
  async logIn(wish: LoginWish): Promise<LoginResult> {
    const hello = await this.hello(wish.address);
    return this.logInWith(hello, wish);
  }

  async logInWith(hello: Hello, wish: LoginWish): Promise<LoginResult> {
    const answer = await this.ask(encodeLogin(loginOf(hello, wish)), wish.address);
    if (isRedirect(answer)) return { kind: 'redirect', redirect: decodeRedirect(answer) };
    return { kind: 'error', code: readError(answer) };
  }

  async redirectOf(wish: LoginWish): Promise<Redirect> {
    const result = await this.logIn(wish);
    assert(result.kind === 'redirect', `rejected: ${JSON.stringify(this.rejections().at(-1))}`);
    return result.redirect;
  }

  /** Error number and logged reason of a login that must fail. */
  async rejectionOf(wish: LoginWish): Promise<{ code: number; reason: unknown }> {
    const before = this.rejections().length;
    const result = await this.logIn(wish);
    assert(result.kind === 'error', 'the login was redirected');
    const logged = this.rejections().slice(before);
    assert.equal(logged.length, 1, 'exactly one event a login');
    assert.equal(logged[0]?.['code'], result.code);
    return { code: result.code, reason: logged[0]?.['reason'] };
  }

  rejections(): Fields[] {
    return this.log.of('login.rejected');
  }

  /** Deliver what is queued for the watchdog, whatever its delay. */
  async deliverWatches(): Promise<void> {
    const { stores, group, queue, clock, random, log } = this;
    for (const { body } of queue.take()) {
      await watch({ stores, group, queue, clock, random, log }, watchMessage.decode(body));
    }
  }
}
