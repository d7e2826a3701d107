import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import {
  type ReconnectingOptions,
  ReconnectingSession,
  type ReconnectingState,
} from '#node-agent/dial/reconnecting.ts';
import { systemRandom } from '#node-agent/system.ts';
import { encodeErrorAnswer } from '#shared/wire/error-answer.ts';
import { decodeLogin, type Login } from '#shared/wire/login.ts';
import { readMethod } from '#shared/wire/method.ts';
import type { Pack } from '#shared/wire/pack.ts';
import { encodeRedirect } from '#shared/wire/redirect.ts';
import { encodeWelcome } from '#shared/wire/welcome.ts';
import { becomes, dialOptions, openHandles } from './dialing.ts';
import { ManualTime } from './manual-time.ts';
import { plainWelcome, type ScriptedLink, ScriptedServer } from './scripted-server.ts';

let time: ManualTime;
let door: ScriptedServer;
let member: ScriptedServer;
let client: ReconnectingSession;
/** What the front door has to say; a Redirect unless a test says otherwise. */
let doorAnswer: () => Pack;
const logins: Login[] = [];
const states: ReconnectingState[] = [];

beforeEach(async () => {
  time = new ManualTime();
  member = await ScriptedServer.start({ answer: welcomeOrForget });
  doorAnswer = () =>
    encodeRedirect({
      address: '127.0.0.1',
      ports: [member.port],
      ticket: Buffer.alloc(20, logins.length),
      certificate: member.certificate,
    });
  door = await ScriptedServer.start({
    certificate: 1,
    answer: (pack) => {
      if (readMethod(pack) !== 'login') return undefined;
      logins.push(decodeLogin(pack));
      return doorAnswer();
    },
  });
});
afterEach(async () => {
  const closing = client.close();
  await Promise.all([door.close(), member.close()]);
  await closing;
  logins.length = 0;
  states.length = 0;
});
after(() => becomes('what is left open', openHandles, []));

function welcomeOrForget(pack: Pack, link: ScriptedLink): Pack {
  if (readMethod(pack) === 'additional_connect') return encodeErrorAnswer(13);
  link.stream();
  return encodeWelcome(plainWelcome);
}

function start(more: Partial<ReconnectingOptions> = {}): void {
  client = new ReconnectingSession({
    ...dialOptions(door.port, { clock: time, timers: time, random: middling }),
    retryJitter: 0,
    onState: (state) => states.push(state),
    ...more,
  });
}
const middling = { ...systemRandom, fraction: () => 0.5 };
const stateKind = (): string => client.state.kind;
const connected = (): Promise<void> => becomes('state', stateKind, 'connected');
const waiting = (): Promise<void> => becomes('state', stateKind, 'waiting');

describe('a lost session', () => {
  test('comes back by the front door after the retry interval, with the same id', async () => {
    start();
    await connected();
    time.advance(1_000);
    member.links[0]?.socket.end();
    await waiting();
    time.advance(4_999);
    assert.equal(stateKind(), 'waiting');
    assert.equal(logins.length, 1);
    time.advance(1);
    await connected();
    assert.equal(client.sessions, 2);
    const [first, second] = logins;
    assert.equal(second?.credential.kind, 'password');
    assert.deepEqual(first?.uniqueId, second?.uniqueId);
    const tickets = member.links
      .flatMap(({ requests }) => requests)
      .flatMap(({ pack }) => (pack?.has('ticket') ? [pack.data('ticket')?.[0]] : []));
    assert.deepEqual(tickets, [1, 2], 'each session has a ticket of its own');
  });

  test('tells why it waits, and for how long', async () => {
    start();
    await connected();
    time.advance(1_000);
    member.links[0]?.socket.end();
    await waiting();
    assert.deepEqual(client.state, {
      kind: 'waiting',
      retryMs: 5_000,
      after: { kind: 'ended', end: { kind: 'refused', code: 13 } },
    });
    assert.equal(client.send([Buffer.from('x')]), false);
    assert.equal(client.framesDropped, 1);
  });

  test('goes where the front door sends it next', async () => {
    start();
    await connected();
    const other = await ScriptedServer.start({ answer: welcomeOrForget });
    const lost = member;
    member = other;
    await lost.close();
    time.advance(1_000);
    await becomes('connections', () => client.session?.connections, 0);
    time.advance(20_000);
    await waiting();
    time.advance(5_000);
    await connected();
    assert.equal(client.session?.member.port, other.port);
    client.send([Buffer.from('hello')]);
    await becomes('frames', () => other.links[0]?.frames, ['hello']);
  });
});

describe('a rejected login', () => {
  for (const [code, retryMs] of [
    [8, 5_000],
    [9, 5_000],
    [49, 5_000],
    [10, 60_000],
    [16, 60_000],
    [20, 60_000],
    [21, 60_000],
  ] as const) {
    test(`with ${code} is tried again after ${retryMs} ms`, async () => {
      doorAnswer = () => encodeErrorAnswer(code);
      start();
      await waiting();
      const by = `127.0.0.1:${door.port}`;
      assert.deepEqual(client.state, {
        kind: 'waiting',
        retryMs,
        after: { kind: 'rejected', code, by },
      });
      time.advance(retryMs - 1);
      assert.equal(stateKind(), 'waiting');
      time.advance(1);
      await becomes('logins', () => logins.length, 2);
    });
  }
});

test('a front door that is away is tried again, at intervals spread by the jitter', async () => {
  start({ retryJitter: 0.2, random: { ...systemRandom, fraction: () => 0 } });
  await connected();
  await client.close();
  const { port } = door;
  await door.close();
  start({ port, retryJitter: 0.2, random: { ...systemRandom, fraction: () => 0 } });
  await waiting();
  assert.ok(client.state.kind === 'waiting' && client.state.after.kind === 'failed');
  assert.equal(client.state.after.failure, 'not-connected');
  assert.equal(client.state.retryMs, 4_000);
});

describe('close', () => {
  test('ends the session and stays closed', async () => {
    start();
    await connected();
    await client.close();
    assert.equal(stateKind(), 'closed');
    await becomes('connections', () => member.openLinks + door.openLinks, 0);
    assert.ok(member.links[0]?.endedWell);
    assert.equal(time.waiting, 0);
    await client.close();
  });

  test('while waiting, and while connecting', async () => {
    doorAnswer = () => encodeErrorAnswer(9);
    start();
    await waiting();
    await client.close();
    assert.equal(stateKind(), 'closed');
    start();
    await client.close();
    assert.equal(stateKind(), 'closed');
    assert.deepEqual(
      states.map(({ kind }) => kind),
      ['connecting', 'waiting', 'closed', 'closed'],
    );
  });
});
