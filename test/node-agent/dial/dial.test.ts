import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, afterEach, describe, test } from 'node:test';
import { dial } from '#node-agent/dial/dial.ts';
import { DialError } from '#node-agent/dial/dial-error.ts';
import { encodeErrorAnswer } from '#shared/wire/error-answer.ts';
import { decodeLogin, type Login } from '#shared/wire/login.ts';
import { readMethod } from '#shared/wire/method.ts';
import { Pack } from '#shared/wire/pack.ts';
import { hashPassword, securePassword } from '#shared/wire/password.ts';
import { encodeRedirect } from '#shared/wire/redirect.ts';
import { encodeWelcome } from '#shared/wire/welcome.ts';
import { becomes, dialed, dialOptions, failureOf, openHandles } from './dialing.ts';
import {
  helloRandom,
  packResponse,
  plainWelcome,
  response,
  ScriptedServer,
  type ScriptedServerOptions,
} from './scripted-server.ts';

const ticket = Buffer.alloc(20, 3);
const running: { close(): Promise<void> }[] = [];

async function scripted(
  answer: ScriptedServerOptions['answer'],
  more: Partial<ScriptedServerOptions> = {},
): Promise<ScriptedServer> {
  const server = await ScriptedServer.start({ answer, ...more });
  running.push(server);
  return server;
}

/** A member that welcomes everybody. */
function member(more: Partial<ScriptedServerOptions> = {}): Promise<ScriptedServer> {
  return scripted((_pack, link) => {
    link.stream();
    return encodeWelcome(plainWelcome);
  }, more);
}

/** A front door that sends everybody to these ports. */
function frontDoor(ports: readonly number[], certificate: Buffer): Promise<ScriptedServer> {
  return scripted(
    (pack) =>
      readMethod(pack) === 'empty'
        ? undefined
        : encodeRedirect({ address: '127.0.0.1', ports, ticket, certificate }),
    { certificate: 1 },
  );
}

function loginAt(server: ScriptedServer): Login {
  const login = server.links[0]?.requests.find(({ pack }) => pack !== undefined)?.pack;
  assert.ok(login);
  return decodeLogin(login);
}

afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});
after(() => becomes('what is left open', openHandles, []));

describe('a single server', () => {
  test('is told who wants into which hub, and answered its challenge', async () => {
    const server = await member();
    const session = await dialed(server.port, { clientName: 'desk', bridge: true });
    const login = loginAt(server);
    assert.equal(login.hubName, 'OFFICE');
    assert.equal(login.userName, 'alice');
    assert.deepEqual(login.credential, {
      kind: 'password',
      securePassword: securePassword(hashPassword('pw', 'alice'), helloRandom),
    });
    assert.equal(login.clientStr, 'desk');
    assert.equal(login.requireBridgeRoutingMode, true);
    assert.equal(login.serverProductName, 'echo-token-1');
    assert.equal(login.serverHostname, '127.0.0.1');
    assert.equal(session.sessionName, 'SID-ALICE-1');
    assert.equal(session.member.port, server.port);
    await session.close();
  });

  test('every other credential arrives as given', async () => {
    for (const credential of [
      { kind: 'anonymous' },
      { kind: 'plain', password: 'secret' },
      { kind: 'ticket', ticket },
    ] as const) {
      const server = await member();
      const session = await dialed(server.port, { credential });
      assert.deepEqual(loginAt(server).credential, credential);
      await session.close();
    }
  });

  test('is asked GET / first when told so', async () => {
    const server = await member();
    const session = await dialed(server.port, { probe: true });
    const lines = server.links[0]?.requests.map(({ line }) =>
      line.split(' ').slice(0, 2).join(' '),
    );
    assert.deepEqual(lines, ['GET /', 'POST /vpnsvc/connect.cgi', 'POST /vpnsvc/vpn.cgi']);
    await session.close();
  });

  test('frames that come in one piece with Welcome are not lost', async () => {
    const server = await scripted((_pack, link) => {
      link.stream();
      queueMicrotask(() => link.socket.write(Buffer.from('0000000100000002abcd', 'hex')));
      return encodeWelcome(plainWelcome);
    });
    const frames: string[] = [];
    const session = await dialed(server.port);
    await Promise.resolve();
    session.onFrame = (frame) => frames.push(frame.toString('hex'));
    await becomes('frames', () => frames, ['abcd']);
    await session.close();
  });

  for (const code of [8, 9, 10, 20, 49]) {
    test(`a login it rejects with ${code} is an outcome`, async () => {
      const server = await scripted(() => encodeErrorAnswer(code));
      const outcome = await dial(dialOptions(server.port));
      assert.deepEqual(outcome, { kind: 'rejected', code, by: `127.0.0.1:${server.port}` });
      await becomes('open connections', () => server.openLinks, 0);
      assert.ok(server.links[0]?.endedWell);
    });
  }

  test('a Hello that is an error is an outcome too', async () => {
    const greet: ScriptedServerOptions['greet'] = ({ socket }) => {
      socket.write(packResponse(encodeErrorAnswer(13)));
    };
    const server = await scripted(() => undefined, { greet });
    const outcome = await dial(dialOptions(server.port));
    assert.equal(outcome.kind === 'rejected' && outcome.code, 13);
  });

  test('it is trusted only with the pinned certificate', async () => {
    const server = await member({ certificate: 0 });
    const other = await member({ certificate: 1 });
    const session = await dialed(server.port, { pin: server.certificate });
    await session.close();
    const attempt = dial(dialOptions(server.port, { pin: other.certificate }));
    assert.equal(await failureOf(attempt), 'pin-mismatch');
    await becomes('requests', () => server.links[1]?.requests ?? [], []);
  });
});

describe('a redirect', () => {
  test('leads to the member, with the ticket, under its own address', async () => {
    const there = await member();
    const door = await frontDoor([there.port], there.certificate);
    const session = await dialed(door.port, { serverHostname: 'vpn.example' });
    assert.equal(loginAt(door).serverHostname, 'vpn.example');
    assert.equal(loginAt(there).serverHostname, '127.0.0.1');
    assert.deepEqual(loginAt(there).credential, { kind: 'ticket', ticket });
    assert.equal(session.member.port, there.port);
    await session.close();
  });

  test('is acknowledged with an empty PACK, and the front door left in order', async () => {
    const there = await member();
    const door = await frontDoor([there.port], there.certificate);
    const session = await dialed(door.port);
    await becomes('front door connections', () => door.openLinks, 0);
    const last = door.links[0]?.requests.at(-1)?.pack;
    assert.ok(last !== undefined && readMethod(last) === 'empty');
    assert.ok(door.links[0]?.endedWell);
    await session.close();
  });

  test('to a member with another certificate fails before the ticket is shown', async () => {
    const there = await member({ certificate: 0 });
    const door = await frontDoor([there.port], Buffer.from('another'));
    assert.equal(await failureOf(dial(dialOptions(door.port))), 'pin-mismatch');
    assert.deepEqual(
      there.links.flatMap(({ requests }) => requests),
      [],
    );
  });

  test('with the port in use among others stays on it, else takes the first', async () => {
    const there = await member();
    const door = await frontDoor([there.port, 1], there.certificate);
    await (await dialed(door.port)).close();
    let first = true;
    const both: ScriptedServer = await scripted((_pack, link) => {
      const redirect = { address: '127.0.0.1', ports: [1, both.port], ticket };
      if (first) {
        first = false;
        return encodeRedirect({ ...redirect, certificate: both.certificate });
      }
      if (readMethod(_pack) !== 'login') return undefined;
      link.stream();
      return encodeWelcome(plainWelcome);
    });
    await (await dialed(both.port)).close();
  });

  test('is handed back when not to be followed', async () => {
    const door = await frontDoor([443], Buffer.from('der'));
    const outcome = await dial(dialOptions(door.port, { followRedirect: false }));
    assert.ok(outcome.kind === 'redirected');
    assert.deepEqual(outcome.redirect.ticket, ticket);
    assert.deepEqual(outcome.redirect.ports, [443]);
  });

  test('in circles ends after a few rounds', async () => {
    const door: ScriptedServer = await scripted((pack) =>
      readMethod(pack) === 'empty'
        ? undefined
        : encodeRedirect({
            address: '127.0.0.1',
            ports: [door.port],
            ticket,
            certificate: door.certificate,
          }),
    );
    assert.equal(await failureOf(dial(dialOptions(door.port))), 'too-many-redirects');
    assert.equal(door.links.length, 4);
  });

  test('to a member that rejects says who did', async () => {
    const there = await scripted(() => encodeErrorAnswer(12));
    const door = await frontDoor([there.port], there.certificate);
    assert.deepEqual(await dial(dialOptions(door.port)), {
      kind: 'rejected',
      code: 12,
      by: `127.0.0.1:${there.port}`,
    });
  });
});

describe('faults', () => {
  test('nobody listens', async () => {
    const server = await member();
    await server.close();
    running.length = 0;
    const error = await dial(dialOptions(server.port)).catch((thrown) => thrown);
    assert.ok(error instanceof DialError);
    assert.equal(error.failure, 'not-connected');
    assert.match(error.message, /127\.0\.0\.1:\d+: not-connected \(.*ECONNREFUSED/);
    assert.match(error.remedy, /^Check address and port/);
    assert.ok(error.cause instanceof Error);
  });

  test('no TLS there', async () => {
    const plain = await tcpServer((socket) => socket.end('SSH-2.0-x\r\n'));
    assert.equal(await failureOf(dial(dialOptions(plain.port))), 'tls-failed');
  });

  test('it accepts and says nothing, at any stage: the deadline ends the attempt', async () => {
    const mute = await tcpServer(() => undefined);
    const silent = await scripted(() => undefined);
    for (const { port } of [mute, silent]) {
      const attempt = dial(dialOptions(port, { deadlineMs: 300 }));
      assert.equal(await failureOf(attempt), 'deadline');
    }
    await becomes('open connections', () => silent.openLinks, 0);
  });

  test('the caller gives up', async () => {
    const silent = await scripted(() => undefined);
    const abort = new AbortController();
    const attempt = failureOf(dial(dialOptions(silent.port, { signal: abort.signal })));
    await becomes('requests', () => silent.links[0]?.requests.length, 2);
    abort.abort();
    assert.equal(await attempt, 'cancelled');
    const late = dial(dialOptions(silent.port, { signal: abort.signal }));
    assert.equal(await failureOf(late), 'cancelled');
  });

  test('it hangs up in the middle', async () => {
    const server = await scripted((_pack, { socket }) => {
      socket.destroy();
      return undefined;
    });
    assert.equal(await failureOf(dial(dialOptions(server.port))), 'closed');
  });

  const strange: readonly (readonly [string, string, Buffer])[] = [
    ['a web page', 'not-a-vpn-server', response('<html>', 200, 'text/html')],
    ['another status', 'not-a-vpn-server', response('x', 404)],
    [
      'a content type with charset',
      'not-a-vpn-server',
      response('x', 200, 'application/octet-stream; x'),
    ],
    ['no PACK', 'not-a-vpn-server', response('xxxxxxxx')],
    ['a Hello without random', 'not-a-vpn-server', packResponse(new Pack().setStr('hello', 'x'))],
    ['no HTTP', 'protocol', Buffer.from('nonsense\r\n\r\n')],
  ];
  for (const [what, failure, bytes] of strange) {
    test(`it answers the first request with ${what}`, async () => {
      const server = await scripted(() => undefined, {
        greet: ({ socket }) => socket.write(bytes),
      });
      assert.equal(await failureOf(dial(dialOptions(server.port))), failure);
      await becomes('open connections', () => server.openLinks, 0);
    });
  }

  test('it is no VPN server to whoever probes', async () => {
    const greet: ScriptedServerOptions['greet'] = ({ socket }) => {
      socket.write(response('<html>It works', 200, 'text/html'));
    };
    const server = await scripted(() => undefined, { greet });
    const attempt = dial(dialOptions(server.port, { probe: true }));
    assert.equal(await failureOf(attempt), 'not-a-vpn-server');
  });

  test('its Welcome or Redirect lacks what it must have', async () => {
    for (const answer of [new Pack(), new Pack().setInt('Redirect', 1)]) {
      const server = await scripted(() => answer);
      assert.equal(await failureOf(dial(dialOptions(server.port))), 'protocol');
    }
  });
});

async function tcpServer(greet: (socket: Socket) => void): Promise<{ port: number }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    greet(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  running.push({
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  const address = server.address();
  assert.ok(address !== null && typeof address !== 'string');
  return { port: address.port };
}
