import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The JSON of one heartbeat, as it came. */
export interface SeenHeartbeat {
  readonly epoch: number;
  readonly seq: number;
  readonly state: string;
  readonly sessions: number;
  readonly awaited?: number;
  readonly hubs: number;
  readonly opened: readonly { hub: string; name: string; user: string }[];
  readonly closed: readonly { hub: string; name: string }[];
  readonly released: readonly { name: string; epoch: number }[];
  readonly done: readonly string[];
}

export interface TicketOptions {
  readonly hub?: string;
  readonly kind?: 'static' | 'dynamic';
  readonly placementEpoch?: number;
  /** Sessions the hub usually has. */
  readonly usual?: number;
  readonly version?: number;
  readonly online?: boolean;
  /** The hub's options and access list. */
  readonly options?: Readonly<Record<string, number | boolean>>;
  readonly accessRules?: readonly object[];
  readonly user?: string;
  readonly group?: string;
  readonly sessionName?: string;
  readonly sessionTimeoutMs?: number;
  readonly singleConnection?: boolean;
  readonly policy?: Readonly<Record<string, number | boolean>>;
  readonly message?: string;
  readonly lifeMs?: number;
}

/**
 * The agent API, small and without memory of anything but one member: written from the contract,
 * not with its code, so that a mistake in one does not hide in the other.
 */
export class FakeControlPlane {
  readonly #server: Server;
  readonly #grants = new Map<string, { grant: object; expiresMs: number }>();
  readonly joins: Record<string, unknown>[] = [];
  readonly heartbeats: SeenHeartbeat[] = [];
  readonly redeemed: string[] = [];
  orders: { id: string }[] = [];
  /** What the member is told it is; `drained` follows by itself once it is empty. */
  state: 'active' | 'draining' = 'active';
  /** `silent` never answers; `down` cuts off; `deaf` takes what was sent, then cuts off. */
  mode: 'up' | 'silent' | 'down' | 'deaf' = 'up';
  /** Answer the next heartbeats with this problem. */
  problem: { status: number; kind: string } | undefined;
  epoch = 0;
  /** Ten times as fast as in earnest. */
  timing = { heartbeatEveryMs: 200, fenceAfterMs: 600, clockErrorMs: 100, leaseTtlMs: 800 };
  redeemDelayMs = 0;
  #sessionNumber = 0;

  constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get lastHeartbeat(): SeenHeartbeat | undefined {
    return this.heartbeats.at(-1);
  }

  async open(address = '127.0.0.1', port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, address, resolve));
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** A ticket the member may redeem once. */
  issue(options: TicketOptions = {}): Buffer {
    const ticket = randomBytes(20);
    const kind = options.kind ?? 'static';
    this.#sessionNumber += 1;
    const user = options.user ?? 'alice';
    const grant = {
      sessionName: options.sessionName ?? `SID-${user.toUpperCase()}-${this.#sessionNumber}`,
      user,
      hub: {
        name: options.hub ?? 'HUB',
        kind,
        version: options.version ?? 1,
        online: options.online ?? true,
        ...(options.options && { options: options.options }),
        ...(options.accessRules && { accessRules: options.accessRules }),
      },
      ...(options.group && { group: options.group }),
      placementEpoch: options.placementEpoch ?? (kind === 'dynamic' ? 1 : 0),
      ...(options.usual !== undefined && { usual: options.usual }),
      policy: options.policy ?? {},
      sessionTimeoutMs: options.sessionTimeoutMs ?? 5_000,
      singleConnection: options.singleConnection ?? false,
      message: options.message ?? '',
    };
    const digest = createHash('sha256').update(ticket).digest('hex');
    this.#grants.set(digest, { grant, expiresMs: Date.now() + (options.lifeMs ?? 60_000) });
    return ticket;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.mode === 'silent') return;
    if (this.mode === 'down') {
      request.socket.destroy();
      return;
    }
    const body = JSON.parse(await textOf(request)) as Record<string, unknown>;
    const signed = request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=');
    const answer = signed ? this.#answer(request.url ?? '', body) : problem(403, 'not-a-member');
    if (this.mode === 'deaf') {
      request.socket.destroy();
      return;
    }
    if (request.url?.endsWith('/redeem') && this.redeemDelayMs > 0) {
      await new Promise((resolve) => setTimeout(resolve, this.redeemDelayMs));
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.json));
  }

  #answer(path: string, body: Record<string, unknown>): { status: number; json: unknown } {
    switch (path) {
      case '/v1/members':
        this.joins.push(body);
        this.epoch += 1;
        this.state = 'active';
        return {
          status: 200,
          json: { memberId: 'i-0fake', epoch: this.epoch, timing: this.timing },
        };
      case '/v1/heartbeats':
        return this.#onHeartbeat(body as unknown as SeenHeartbeat);
      case '/v1/tickets/redeem':
        return this.#redeem(String(body['digest']), Number(body['epoch']));
      default:
        return problem(400, 'invalid-request');
    }
  }

  #onHeartbeat(seen: SeenHeartbeat): { status: number; json: unknown } {
    if (this.problem) return problem(this.problem.status, this.problem.kind);
    const last = this.heartbeats.findLast((other) => other.epoch === seen.epoch);
    if (seen.epoch !== this.epoch || (last && seen.seq <= last.seq)) {
      return problem(409, 'stale-epoch');
    }
    this.heartbeats.push(seen);
    this.orders = this.orders.filter((order) => !seen.done.includes(order.id));
    if (seen.state === 'draining') this.state = 'draining';
    const empty = seen.sessions === 0 && seen.hubs === 0;
    const state = this.state === 'draining' && empty ? 'drained' : this.state;
    return { status: 200, json: { state, orders: this.orders } };
  }

  #redeem(digest: string, epoch: number): { status: number; json: unknown } {
    const known = this.#grants.get(digest);
    if (!known || epoch !== this.epoch || known.expiresMs <= Date.now()) {
      return problem(404, 'no-such-ticket');
    }
    this.#grants.delete(digest);
    this.redeemed.push(digest);
    return { status: 200, json: known.grant };
  }
}

function problem(status: number, kind: string): { status: number; json: unknown } {
  return { status, json: { kind, detail: `the fake control plane says ${kind}` } };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
