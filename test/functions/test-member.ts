import assert from 'node:assert/strict';
import type { Desired, Observed, SessionReport } from '#shared/contract/heartbeat.ts';
import type { JoinRequest, JoinResponse } from '#shared/contract/member.ts';
import type { Problem } from '#shared/contract/problem.ts';
import { agentRoutes } from '#shared/contract/routes.ts';
import type { Grant } from '#shared/contract/ticket.ts';
import { machineOf, memberId } from '#shared/kernel/ids.ts';
import type { ControlPlane } from './control-plane.ts';

export type Reply<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'problem'; readonly status: number; readonly problem: Problem };

/** A member as the agent API sees it: it speaks when it is told to. `i-a.1` is i-a's second. */
export class TestMember {
  readonly id: string;
  readonly request: JoinRequest;
  epoch = 0;
  seq = 0;
  /** What the next heartbeats observe. */
  observed: Pick<Observed, 'state' | 'sessions' | 'connections' | 'hubs'> = {
    state: 'active',
    sessions: 0,
    connections: 0,
    hubs: 0,
  };
  readonly #plane: ControlPlane;

  constructor(plane: ControlPlane, id: string, changes: Partial<JoinRequest>) {
    this.#plane = plane;
    this.id = id;
    this.request = {
      address: '192.0.2.1',
      ports: [5555],
      certificate: Buffer.from(`certificate of ${id}`).toString('base64'),
      weight: 100,
      capacity: 1_000,
      agentVersion: 'test',
      ...changes,
    };
  }

  get memberId() {
    return memberId(this.id);
  }

  async join(): Promise<JoinResponse> {
    const reply = await this.post<JoinResponse>(agentRoutes.join, this.request);
    assert(reply.kind === 'ok', JSON.stringify(reply));
    this.epoch = reply.value.epoch;
    this.seq = 0;
    return reply.value;
  }

  /** The next heartbeat, which must be welcome. */
  async beat(lists: Partial<Observed> = {}): Promise<Desired> {
    const reply = await this.tryBeat(lists);
    assert(reply.kind === 'ok', JSON.stringify(reply));
    return reply.value;
  }

  async tryBeat(lists: Partial<Observed> = {}): Promise<Reply<Desired>> {
    this.seq += 1;
    return this.repeatBeat(lists);
  }

  /** A heartbeat under the number of the last one. */
  async repeatBeat(lists: Partial<Observed> = {}): Promise<Reply<Desired>> {
    return this.post<Desired>(agentRoutes.heartbeat, {
      epoch: this.epoch,
      seq: this.seq,
      ...this.observed,
      opened: [],
      closed: [],
      released: [],
      done: [],
      ...lists,
    });
  }

  async redeem(digest: string): Promise<Reply<Grant>> {
    return this.post<Grant>(agentRoutes.redeem, { digest, epoch: this.epoch });
  }

  async post<T>(
    path: string,
    body: unknown,
    callerArn = `arn:aws:sts::123456789012:assumed-role/Member/${machineOf(this.memberId)}`,
  ): Promise<Reply<T>> {
    const [, number] = this.id.split('.');
    const asked = number === undefined ? body : { ...(body as object), process: Number(number) };
    const text = typeof asked === 'string' ? asked : JSON.stringify(asked);
    const init = { method: 'POST', body: text };
    const response = await this.#plane.agentApi.request(path, init, {
      callerArn,
      requestId: 'test',
    });
    const json: unknown = await response.json();
    return response.ok
      ? { kind: 'ok', value: json as T }
      : { kind: 'problem', status: response.status, problem: json as Problem };
  }
}

export function sessionReport(
  hub: string,
  name: string,
  user: string,
  openedMs = 1,
): SessionReport {
  return {
    hub,
    name,
    user,
    clientAddress: '198.51.100.1',
    clientHostname: 'laptop',
    clientName: 'SoftEther VPN Client',
    uniqueId: '',
    maxConnections: 1,
    bridge: false,
    monitor: false,
    openedMs,
  };
}
