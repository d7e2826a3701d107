import assert from 'node:assert/strict';
import type {
  AdminCallAnswer,
  AdminLoginAnswer,
  AdminLoginRequest,
} from '#shared/contract/admin-relay.ts';
import { agentRoutes } from '#shared/contract/routes.ts';
import { decodePack, encodePack, Pack, type PackLimits } from '#shared/wire/pack.ts';
import { hashServerPassword, securePassword } from '#shared/wire/password.ts';
import { rpcRandom } from '#shared/wire/rpc-challenge.ts';
import { adminPassword } from './control-plane.ts';
import type { TestMember } from './test-member.ts';

const limits: PackLimits = {
  packBytesMax: 8 * 1024 * 1024,
  elementsMax: 4_096,
  valuesMax: 1_000_000,
  nameBytesMax: 63,
  valueBytesMax: 1_000_000,
};

/** Who proves to be whose administrator, and where; the server's unless said otherwise. */
export interface Wish {
  readonly hub?: string;
  readonly password?: string;
  readonly address?: string;
  /** Over this one instead of the newest. */
  readonly challenge?: string;
}

/** What a member says on behalf of an administrator. */
export async function proofTo(member: TestMember, wish: Wish = {}): Promise<AdminLoginRequest> {
  const { hub = '', password = adminPassword, address = '203.0.113.9' } = wish;
  const challenge = wish.challenge ?? (await member.beat()).adminChallenge;
  assert(challenge !== undefined, 'heartbeats bring a challenge');
  const nonce = Buffer.alloc(16, 5);
  const proof = securePassword(hashServerPassword(password), rpcRandom(challenge, nonce));
  return {
    challenge,
    nonce: nonce.toString('base64'),
    hubName: hub,
    proof: proof.toString('base64'),
    clientAddress: address,
  };
}

/** What the control plane makes of it. */
export async function proveTo(member: TestMember, wish: Wish = {}): Promise<AdminLoginAnswer> {
  const proof = await proofTo(member, wish);
  const reply = await member.post<AdminLoginAnswer>(agentRoutes.adminLogin, proof);
  assert(reply.kind === 'ok', JSON.stringify(reply));
  return reply.value;
}

/** An administrator who was admitted at a member. */
export class RelayedAdmin {
  session: string;
  readonly member: TestMember;

  constructor(member: TestMember, session: string) {
    this.member = member;
    this.session = session;
  }

  static async at(member: TestMember, wish: Wish = {}): Promise<RelayedAdmin> {
    const answer = await proveTo(member, wish);
    assert(answer.kind === 'admitted', JSON.stringify(answer));
    return new RelayedAdmin(member, answer.session);
  }

  /** The answer to a call; undefined: the session is over. */
  async call(functionName: string, call: Pack = new Pack()): Promise<Pack | undefined> {
    return this.send(encodePack(call.setStr('function_name', functionName)));
  }

  async send(call: Buffer): Promise<Pack | undefined> {
    const reply = await this.member.post<AdminCallAnswer>(agentRoutes.adminCall, {
      session: this.session,
      call: call.toString('base64'),
    });
    assert(reply.kind === 'ok', JSON.stringify(reply));
    if (reply.value.kind === 'over') return undefined;
    this.session = reply.value.session ?? this.session;
    return decodePack(Buffer.from(reply.value.answer, 'base64'), limits);
  }

  /** The error number of an answer; 0: there is none. */
  async errorOf(functionName: string, call?: Pack): Promise<number | undefined> {
    return (await this.call(functionName, call))?.int('error');
  }
}
