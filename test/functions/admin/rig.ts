import { adminApp } from '#functions/admin/app.ts';
import { deriveKey, Sealer } from '#functions/domain/sealing.ts';
import { type Stores, storesOver } from '#functions/store/stores.ts';
import type { Table } from '#functions/store/table.ts';
import { systemRandom } from '#functions/system.ts';
import { type HubName, hubName, type MemberId, memberId } from '#shared/kernel/ids.ts';
import type { Fields } from '#shared/kernel/log.ts';
import { PromptTimers } from '#test/functions/doubles.ts';
import { MemoryTable } from '#test/support/memory-table.ts';

export const serverPassword = 'first-password';
export const startMs = Date.UTC(2026, 10, 22, 23, 42, 8, 261);
export const leaseMs = 8_000;

/** As whom a call is made; the server's administrator unless said otherwise. */
export interface As {
  readonly hub?: string;
  readonly password?: string;
}

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: Fields;
}

/** The administration over a table in memory, with a clock the test turns. */
export class AdminRig {
  readonly stores: Stores;
  readonly sealer = new Sealer(deriveKey('k'.repeat(64), 'seal-credentials'), systemRandom);
  readonly logged: LogLine[] = [];
  nowMs = startMs;
  /** What the secret holds. */
  firstPassword = serverPassword;
  readonly timers = new PromptTimers((byMs) => {
    this.nowMs += byMs;
  });
  readonly #app: ReturnType<typeof adminApp>;

  constructor(table: Table = new MemoryTable()) {
    this.stores = storesOver(table);
    const say =
      (level: LogLine['level']) =>
      (event: string, fields: Fields = {}) => {
        this.logged.push({ level, event, fields });
      };
    this.#app = adminApp({
      stores: this.stores,
      secrets: {
        sealer: async () => this.sealer,
        adminPassword: async () => this.firstPassword,
      },
      clock: { nowMs: () => this.nowMs, monotonicMs: () => this.nowMs },
      timers: this.timers,
      random: systemRandom,
      log: { info: say('info'), warn: say('warn'), error: say('error') },
    });
  }

  async request(path: string, init: RequestInit, from = '203.0.113.9'): Promise<Response> {
    return this.#app.request(path, init, { clientAddress: from });
  }

  async post(body: string, as: As = {}): Promise<Response> {
    const headers = {
      'X-VPNADMIN-PASSWORD': as.password ?? serverPassword,
      ...(as.hub !== undefined && { 'X-VPNADMIN-HUBNAME': as.hub }),
    };
    return this.request('/api/', { method: 'POST', headers, body });
  }

  /** The result of a call, or its refusal as `{error: code}`. */
  // biome-ignore lint/suspicious/noExplicitAny: results are looked at field by field
  async call(method: string, params: object = {}, as: As = {}): Promise<any> {
    const response = await this.post(
      JSON.stringify({ jsonrpc: '2.0', id: 'test', method, params }),
      as,
    );
    if (response.status !== 200) return { status: response.status };
    const answer = JSON.parse(await response.text());
    return answer.error ? { error: answer.error.code } : answer.result;
  }

  async createHub(name: string, type: 1 | 2 = 2, password?: string): Promise<void> {
    const result = await this.call('CreateHub', {
      HubName_str: name,
      HubType_u32: type,
      ...(password !== undefined && { AdminPasswordPlainText_str: password }),
    });
    if (result.error) throw new Error(`CreateHub ${name}: ${result.error}`);
  }

  /** A member that joined and sent one heartbeat. */
  async join(name: string, address = '198.51.100.1', sessions = 0): Promise<MemberId> {
    const id = memberId(name);
    const request = {
      address,
      ports: [443, 992],
      certificate: Buffer.from('certificate').toString('base64'),
      weight: 100,
      capacity: 1_000,
      agentVersion: 'test',
    };
    const joined = await this.stores.members.join(id, request, this.nowMs + leaseMs, this.nowMs);
    if (typeof joined === 'string') throw new Error(joined);
    await this.heartbeat(id, joined.epoch, 1, sessions);
    return id;
  }

  async heartbeat(id: MemberId, epoch: number, seq: number, sessions = 0): Promise<void> {
    const observed = {
      epoch,
      seq,
      state: 'active' as const,
      sessions,
      connections: sessions * 2,
      hubs: 1,
      opened: [],
      closed: [],
      released: [],
      done: [],
    };
    await this.stores.members.renew(id, observed, this.nowMs + leaseMs, this.nowMs);
  }

  async openSession(hub: string, name: string, on: MemberId, memberEpoch = 1): Promise<void> {
    const report = {
      hub,
      name,
      user: 'Alice',
      clientAddress: '192.0.2.7',
      clientHostname: 'laptop',
      clientName: 'SoftEther VPN Client',
      uniqueId: '00ff',
      maxConnections: 8,
      bridge: false,
      monitor: false,
      openedMs: this.nowMs,
    };
    await this.stores.sessions.open(on, memberEpoch, report, this.nowMs);
    this.nowMs += 1;
  }

  /** The orders before a member, ids left out. */
  async orders(id: MemberId): Promise<readonly object[]> {
    const member = await this.stores.members.get(id);
    return (member?.orders ?? []).map(({ id: _id, ...order }) => order);
  }

  hub(name: string): HubName {
    return hubName(name);
  }
}
