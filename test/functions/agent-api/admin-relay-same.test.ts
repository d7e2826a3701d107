import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adminApp } from '#functions/admin/app.ts';
import { methods } from '#functions/admin/methods.ts';
import type { RpcObject } from '#functions/admin/rpc-object.ts';
import { packOf } from '#functions/agent-api/admin-relay-answer.ts';
import { encodePack, type Pack } from '#shared/wire/pack.ts';
import { adminPassword, ControlPlane } from '../control-plane.ts';
import { RelayedAdmin } from '../relayed-admin.ts';

const hubPassword = 'hub-password';

/** One control plane, asked by both ways. */
async function world() {
  const control = new ControlPlane();
  const { clock, log, random, sealer, stores, timers } = control;
  const secrets = { sealer: async () => sealer, adminPassword: async () => adminPassword };
  const app = adminApp({ stores, secrets, clock, timers, random, log });
  const json = async (hub: string, method: string, params: RpcObject): Promise<RpcObject> => {
    const headers = {
      'X-VPNADMIN-PASSWORD': hub === '' ? adminPassword : hubPassword,
      ...(hub !== '' && { 'X-VPNADMIN-HUBNAME': hub }),
    };
    const body = JSON.stringify({ jsonrpc: '2.0', id: '1', method, params });
    const init = { method: 'POST', headers, body };
    const response = await app.request('/api/', init, { clientAddress: '203.0.113.9' });
    const { error, result } = JSON.parse(await response.text());
    return error === undefined ? result : { error: error.code };
  };
  for (const name of ['office', 'campus']) {
    await json('', 'CreateHub', {
      ...{ HubName_str: name, HubType_u32: 2, AdminPasswordPlainText_str: hubPassword },
    });
    await json('', 'CreateUser', { HubName_str: name, Name_str: 'alice' });
  }
  const member = await control.startMember('i-a');
  const relayed = await RelayedAdmin.at(member, {});
  const ofHub = await RelayedAdmin.at(member, { hub: 'office', password: hubPassword });
  return { json, relayed: (hub: string) => (hub === '' ? relayed : ofHub) };
}

/** What every method is called with: it suits some, and is refused by others. */
const params = (hub: string): RpcObject => ({
  HubName_str: hub,
  Name_str: 'alice',
  AuthType_u32: 0,
  HubType_u32: 2,
  Id_u32: 7,
  UsePolicy_bool: false,
  // In a PACK a list that is not there is one of nothing.
  ...{ AccessList: [], ACList: [], AdminOptionList: [] },
});

const errorOf = (answer: RpcObject | Pack | undefined): unknown => {
  if (answer === undefined) return 'over';
  return 'elements' in answer
    ? (answer as Pack).int('error')
    : ((answer as RpcObject)['error'] ?? 0);
};

/** Not in both, or of the moment. */
const differing = /^(CurrentTick|CurrentTime|UpdatedTime|CreatedTime|Ex\.|error$)/;

function comparable(pack: Pack): Record<string, unknown> {
  return Object.fromEntries(
    pack.elements
      .filter(({ name }) => !differing.test(name))
      .map(({ name, values }) => [name, values.map(String)]),
  );
}

for (const [as, hub, asked] of [
  ['the server’s administrator', '', 'office'],
  ['a hub’s administrator, about its hub', 'office', 'office'],
  ['a hub’s administrator, about another', 'office', 'campus'],
] as const) {
  test(`${as} may do by way of a member what the same may do at /api`, async () => {
    const calls = Object.keys(methods).filter((name) => name !== 'DeleteHub');
    // What one changed, the other must not see.
    const [first, second] = [await world(), await world()];
    for (const method of [...calls, 'NoSuchMethod', 'DeleteHub']) {
      const byJson = await first.json(hub, method, params(asked));
      const byPack = await second.relayed(hub).call(method, packOf(params(asked)));
      assert.equal(errorOf(byPack), errorOf(byJson), method);
      if (errorOf(byJson) !== 0 || byPack === undefined) continue;
      assert.deepEqual(comparable(byPack), comparable(packOf(byJson)), method);
      assert.ok(encodePack(byPack).length > 0);
    }
  });
}
