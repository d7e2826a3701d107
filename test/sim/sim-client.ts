import type { WitnessEndpoint } from '#shared/contract/peers.ts';
import { readError } from '#shared/wire/error-answer.ts';
import { clientRetry, errorCode } from '#shared/wire/error-code.ts';
import { type Credential, encodeLogin, type Login } from '#shared/wire/login.ts';
import { answerPackLimits, decodePack, encodePack, type Pack } from '#shared/wire/pack.ts';
import { decodeRedirect, isRedirect, type Redirect } from '#shared/wire/redirect.ts';
import { decodeWelcome } from '#shared/wire/welcome.ts';
import { ClientSession } from './client-session.ts';
import type { Ending } from './control-plane.ts';
import type { LinkEnd } from './link.ts';
import type { Network } from './network.ts';
import type { Seeded } from './seeded.ts';
import { SimProcess } from './sim-process.ts';
import type { VirtualTime } from './virtual-time.ts';

export const frontDoorName = 'front-door';

/** What a client can reach. */
export interface ClientSurroundings {
  readonly time: VirtualTime;
  readonly network: Network;
  readonly random: Seeded;
  readonly naughtyRate: number;
  readonly note: (who: string, what: string) => void;
  readonly frontDoor: (body: Buffer, address: string) => Promise<Ending<Buffer>>;
  /** TCP and TLS; undefined if nothing came of it. */
  readonly dial: (
    client: SimProcess,
    endpoint: WitnessEndpoint,
    onCertificate: (certificate: Buffer) => void,
  ) => Promise<LinkEnd | undefined>;
  readonly isHealed: () => boolean;
  readonly onRedirect: (redirect: Redirect) => void;
  readonly onNaughty: (what: string, answered: 'error' | 'redirect' | 'session') => void;
  /** A ticket login was answered with a Welcome. */
  readonly onWelcome: (ticket: Buffer, sessionName: string) => void;
  readonly onFrame: (client: SimClient, frame: Buffer) => void;
}

/** A genuine client of protocol/04: its account, and the way it always comes back. */
export class SimClient {
  readonly name: string;
  readonly number: number;
  readonly hub: string;
  readonly process: SimProcess;
  readonly #around: ClientSurroundings;
  readonly #random: Seeded;
  readonly #retryMs: number;
  readonly #connections: number;
  #life = 0;
  #session: ClientSession | undefined;
  #isAway = false;
  #lastError = '';

  constructor(name: string, number: number, hub: string, around: ClientSurroundings) {
    this.name = name;
    this.number = number;
    this.hub = hub;
    this.#around = around;
    this.#random = around.random.stream(name);
    this.#retryMs = this.#random.chance(0.8) ? 5_000 : this.#random.between(5_000, 15_000);
    this.#connections = this.#random.chance(0.7) ? 1 : this.#random.integer(2, 4);
    this.process = new SimProcess(name, around.time, { offsetMs: 0, drift: 0 });
  }

  get session(): ClientSession | undefined {
    return this.#session;
  }

  get isAway(): boolean {
    return this.#isAway;
  }

  /** Why it is not in a session, in a few words. */
  get trouble(): string {
    return this.#lastError;
  }

  start(): void {
    this.#isAway = false;
    this.#life += 1;
    void this.#keepConnected(this.#life);
  }

  /** Gone without a word: sockets close, nothing else is said. */
  leave(): void {
    this.#isAway = true;
    this.#life += 1;
    this.#session?.drop();
    this.#session = undefined;
    this.#note('leaves');
  }

  async #keepConnected(life: number): Promise<void> {
    while (life === this.#life) {
      const waitMs = await this.#attempt(life);
      if (life !== this.#life) return;
      await this.#wait(waitMs);
    }
  }

  /** One whole attempt with the session it leads to; how long to wait before the next. */
  async #attempt(life: number): Promise<number> {
    const failed = (why: string, code: number = errorCode.connectFailed): number => {
      this.#lastError = why;
      this.#note(why);
      return clientRetry(code) === 'after-60s' ? 60_000 : this.#retryMs;
    };
    const answer = await this.#ask({ kind: 'anonymous' });
    if (life !== this.#life) return 0;
    if (answer === undefined) return failed('no answer at the front door');
    if (!isRedirect(answer)) {
      const code = readError(answer);
      return failed(`front door says ${code}`, code);
    }
    const redirect = decodeRedirect(answer);
    this.#around.onRedirect(redirect);
    await this.#misbehave(redirect);
    if (life !== this.#life) return 0;
    const entered = await this.#enter(redirect);
    if (typeof entered === 'number') return failed(`member says ${entered}`, entered);
    if (typeof entered === 'string') return failed(entered);
    if (life !== this.#life) {
      entered.drop();
      return 0;
    }
    this.#session = entered;
    this.#lastError = '';
    const why = await entered.over;
    if (life !== this.#life) return 0;
    this.#session = undefined;
    return failed(`session ${entered.name} over: ${why}`);
  }

  async #ask(credential: Credential): Promise<Pack | undefined> {
    const { network, frontDoor } = this.#around;
    const body = encodePack(encodeLogin(this.#login(credential, '203.0.113.1')));
    const ending = await network.ask(this.process, this.name, frontDoorName, 15_000, () =>
      frontDoor(body, this.name),
    );
    if (ending?.kind !== 'returned') return undefined;
    return decodePack(ending.value, answerPackLimits);
  }

  /** With the ticket to the member: a session, an error number, or what went wrong. */
  async #enter(redirect: Redirect): Promise<ClientSession | number | string> {
    let presented: Buffer | undefined;
    const endpoint = { address: redirect.address, port: redirect.ports[0] ?? 0 };
    const end = await this.#around.dial(this.process, endpoint, (certificate) => {
      presented = certificate;
    });
    if (end === undefined) return `no connection to ${redirect.address}`;
    if (!presented?.equals(redirect.certificate)) {
      end.end();
      return `${redirect.address} presents another certificate`;
    }
    const login = this.#login({ kind: 'ticket', ticket: redirect.ticket }, redirect.address);
    end.send(encodePack(encodeLogin(login)));
    const answer = await this.#firstAnswer(end);
    if (answer === undefined) {
      end.end();
      return `no answer from ${redirect.address}`;
    }
    const code = readError(answer);
    if (code !== errorCode.none) {
      end.end();
      return code;
    }
    const welcome = decodeWelcome(answer);
    this.#around.onWelcome(redirect.ticket, welcome.sessionName);
    this.#note(`in session ${welcome.sessionName} on ${redirect.address}`);
    return new ClientSession({
      client: this,
      welcome,
      first: end,
      random: this.#random,
      redial: () =>
        this.#around.dial(this.process, endpoint, (certificate) => {
          presented = certificate;
        }),
      pinHolds: () => presented?.equals(redirect.certificate) ?? false,
      onFrame: (frame) => this.#around.onFrame(this, frame),
    });
  }

  #firstAnswer(end: LinkEnd): Promise<Pack | undefined> {
    return new Promise((resolve) => {
      const cancel = this.process.timers.after(15_000, () => resolve(undefined));
      end.listen({
        onData: (bytes) => {
          cancel();
          end.listener = undefined; // what follows waits for the session
          resolve(decodePack(bytes, answerPackLimits));
        },
        onEnd: () => {
          cancel();
          resolve(undefined);
        },
      });
    });
  }

  /** Use the ticket where or when it must not be of any use. */
  async #misbehave(redirect: Redirect): Promise<void> {
    const { naughtyRate, onNaughty, isHealed } = this.#around;
    if (!this.#random.chance(naughtyRate) || isHealed()) return;
    switch (this.#random.integer(0, 3)) {
      case 0: {
        const answer = await this.#ask({ kind: 'ticket', ticket: redirect.ticket });
        if (answer)
          onNaughty('ticket at the front door', isRedirect(answer) ? 'redirect' : 'error');
        return;
      }
      case 1: // twice: the second must be told that there is no such ticket
        void this.#enter(redirect).then((entered) => {
          if (entered instanceof ClientSession) entered.drop();
        });
        return;
      case 2: // too late
        await this.#wait(this.#random.between(1_000, 70_000));
        return;
      default: {
        const forged = { ...redirect, ticket: this.#random.bytes(20) };
        const entered = await this.#enter(forged);
        const session = entered instanceof ClientSession;
        if (session) entered.drop();
        onNaughty('a forged ticket', session ? 'session' : 'error');
      }
    }
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.process.timers.after(delayMs, resolve));
  }

  #note(what: string): void {
    this.#around.note(this.name, what);
  }

  #login(credential: Credential, serverHostname: string): Login {
    return {
      hubName: this.hub,
      userName: `user-${this.number}`,
      credential,
      clientStr: 'SoftEther VPN Client',
      clientVer: 444,
      clientBuild: 9807,
      maxConnection: this.#connections,
      useEncrypt: true,
      useCompress: false,
      halfConnection: false,
      requireBridgeRoutingMode: false,
      requireMonitorMode: false,
      qos: false,
      uniqueId: Buffer.alloc(16, this.number),
      serverHostname,
      serverProductName: '',
      serverProductVer: 444,
      serverProductBuild: 9807,
      clientHostname: this.name,
      clientOsName: 'Linux',
      clientOsVer: '',
    };
  }
}
