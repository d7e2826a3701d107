import { ticketDigest } from '#functions/domain/ticket.ts';
import { watchMessage } from '#functions/store/watch-message.ts';
import { onMessage } from '#functions/sweeper/sweeper.ts';
import { watch } from '#functions/watchdog/watchdog.ts';
import { assert } from '#shared/kernel/assert.ts';
import { decodeHello, type Hello } from '#shared/wire/hello.ts';
import { connectBody, connectTarget, vpnTarget } from '#shared/wire/http.ts';
import { encodeLogin } from '#shared/wire/login.ts';
import { answerPackLimits, decodePack, encodePack, Pack } from '#shared/wire/pack.ts';
import { decodeRedirect, type Redirect } from '#shared/wire/redirect.ts';
import { selfSignedCertificate } from '#shared/x509/self-signed.ts';
import { ControlPlane } from '#test/functions/control-plane.ts';
import { type LoginWish, loginOf } from '#test/functions/login-wish.ts';
import type { TestMember } from '#test/functions/test-member.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { MeteredTable, type Usage } from './metered-table.ts';

/** What some work took. */
export interface Cost extends Usage {
  readonly invocations: number;
  /** Real time of the invocations, with {@link callMs} for each call to the table. */
  readonly ms: number;
  readonly logBytes: number;
  /** HTTP bodies and about what headers add, both ways. */
  readonly wireBytes: number;
}

/** One call to DynamoDB from a function in the same region: network, SDK, marshalling. */
export const callMs = 5;
/** Headers of a request and its answer. */
const headerBytes = 600;

/** The whole control plane over a table that is paid for, and members with real certificates. */
export class CostRig {
  readonly table: MeteredTable;
  readonly plane: ControlPlane;
  readonly members: TestMember[] = [];
  #wireBytes = 0;
  #invocations = 0;

  constructor(latencyMs: number) {
    this.table = new MeteredTable(new MemoryTable(), latencyMs);
    this.plane = new ControlPlane(this.table);
  }

  async startMember(): Promise<TestMember> {
    const number = this.members.length + 1;
    const address = `203.0.113.${number}`;
    const { certDer } = selfSignedCertificate({
      commonName: address,
      validDays: 365,
      nowMs: this.plane.clock.nowMs(),
    });
    const id = `i-${number.toString(16).padStart(17, '0')}`;
    const member = await this.plane.startMember(id, {
      address,
      ports: [443],
      certificate: certDer.toString('base64'),
      witness: { address: `10.0.0.${number}`, port: 4500 },
      agentVersion: '0.1.0',
    });
    this.members.push(member);
    return member;
  }

  /** What a client asks of the front door besides its login. */
  async aroundLogin(): Promise<void> {
    await this.#get();
    await this.hello();
    await this.#post(vpnTarget, encodePack(new Pack().setPadding(Buffer.alloc(500))));
  }

  async hello(): Promise<Hello> {
    return decodeHello(await this.#post(connectTarget, Buffer.from(connectBody)));
  }

  async logIn(hello: Hello, wish: LoginWish): Promise<Redirect> {
    const login = encodeLogin(loginOf(hello, wish));
    return decodeRedirect(await this.#post(vpnTarget, encodePack(login)));
  }

  async redeem(member: TestMember, redirect: Redirect): Promise<string> {
    this.#invocations += 1;
    const reply = await member.redeem(ticketDigest(redirect.ticket));
    assert(reply.kind === 'ok', JSON.stringify(reply));
    return reply.value.sessionName;
  }

  memberOf(redirect: Redirect): TestMember {
    const member = this.members.find(({ request }) => request.address === redirect.address);
    assert(member !== undefined, 'a redirect leads to a member');
    return member;
  }

  async beat(member: TestMember, lists: Parameters<TestMember['beat']>[0] = {}): Promise<void> {
    this.#invocations += 1;
    const { peers } = await member.beat({ ...lists, ...this.#peers(member) });
    if (peers !== undefined) this.#known.set(member, peers.version);
  }

  async look(body: string): Promise<void> {
    this.#invocations += 1;
    const { stores, group, queue, clock, random, log } = this.plane;
    await watch({ stores, group, queue, clock, random, log }, watchMessage.decode(body));
  }

  async tick(): Promise<void> {
    this.#invocations += 1;
    const { stores, group, queue, clock, log } = this.plane;
    const sweeper = { stores, group, queue, watchdogQueue: queue, clock, log };
    await onMessage(sweeper, { kind: 'tick' });
  }

  async measure(work: () => Promise<void>): Promise<Cost> {
    this.table.take();
    this.#invocations = 0;
    this.#wireBytes = 0;
    const logged = this.plane.log.entries.length;
    const startedMs = performance.now();
    await work();
    const ms = performance.now() - startedMs;
    const lines = this.plane.log.entries.slice(logged).map(({ event, fields }) =>
      JSON.stringify({
        level: 30,
        time: '2026-11-23T00:00:00.000Z',
        name: 'name',
        event,
        ...fields,
      }),
    );
    return {
      ...this.table.take(),
      invocations: this.#invocations,
      ms,
      logBytes: lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0),
      wireBytes: this.#wireBytes,
    };
  }

  readonly #known = new Map<TestMember, string>();

  #peers(member: TestMember): { readonly peers?: string } {
    const version = this.#known.get(member);
    return version === undefined ? {} : { peers: version };
  }

  async #get(): Promise<void> {
    const source = { clientAddress: '198.51.100.1', requestId: 'bench' };
    const response = await this.plane.frontDoor.request('/', {}, source);
    this.#count(0, (await response.arrayBuffer()).byteLength);
  }

  async #post(path: string, body: Uint8Array): Promise<Pack> {
    const response = await this.plane.post(path, body, '198.51.100.1');
    const answer = Buffer.from(await response.arrayBuffer());
    this.#count(body.byteLength, answer.byteLength);
    return decodePack(answer, answerPackLimits);
  }

  #count(sentBytes: number, answeredBytes: number): void {
    this.#invocations += 1;
    this.#wireBytes += sentBytes + answeredBytes + headerBytes;
  }
}
