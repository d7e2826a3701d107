import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { Pack } from '#shared/wire/pack.ts';
import { broadcast, frame, mac } from '#test/support/frames.ts';
import { RawClient } from '#test/support/raw-client.ts';
import { until, withMember } from '../member-bench.ts';

/** TLS record types. */
const handshake = 22;
const applicationData = 23;
/** What the client says takes this long, as from a busy machine far away. */
const delayMs = 300;

/** Between a client and a member; notes the types of the records the member sends. */
class SlowUplink {
  readonly types: number[] = [];
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  #rest = Buffer.alloc(0);
  isSlow = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(memberPort: number): Promise<SlowUplink> {
    const server = createServer();
    const uplink = new SlowUplink(server);
    server.on('connection', (client) => uplink.#carry(client, connect(memberPort, '127.0.0.1')));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return uplink;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #carry(client: Socket, member: Socket): void {
    this.#sockets.push(client, member);
    for (const socket of [client, member]) socket.on('error', () => undefined);
    client.on('data', (chunk: Buffer) => {
      setTimeout(() => member.write(chunk), this.isSlow ? delayMs : 0);
    });
    member.on('data', (chunk: Buffer) => {
      client.write(chunk);
      this.#note(chunk);
    });
  }

  #note(chunk: Buffer): void {
    let bytes = Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt16BE(3)) {
      this.types.push(bytes.readUInt8(0));
      bytes = bytes.subarray(5 + bytes.readUInt16BE(3));
    }
    this.#rest = Buffer.from(bytes);
  }
}

function login(ticket: Buffer, clientVer: number): Pack {
  return new Pack()
    .setStr('method', 'login')
    .setStr('hubname', 'HUB')
    .setStr('username', 'alice')
    .setStr('client_str', 'raw')
    .setInt('client_ver', clientVer)
    .setInt('max_connection', 1)
    .setInt('authtype', 99)
    .setData('ticket', ticket);
}

test('a 5.01 client gets no frame while we renegotiate, and all of them after', async () => {
  await withMember(async (member) => {
    const sender = await member.connect(member.plane.issue());
    const uplink = await SlowUplink.open(member.agent.port);
    const client = await RawClient.open(uplink.port);
    try {
      await client.hello();
      const from = uplink.types.length;
      uplink.isSlow = true;
      await client.ask(login(member.plane.issue(), 501));
      const asked = () => uplink.types.indexOf(handshake, from);
      await until('our request', () => asked() >= 0);
      const sent = frame(broadcast, mac(1), 'while it renegotiates');
      assert.ok(sender.send([sent]));
      await until('the frame', () => client.received().includes(sent));

      const after = uplink.types.slice(asked());
      const answered = after.indexOf(handshake, 1);
      assert.ok(answered > 0, 'the client renegotiated');
      const frames = after.slice(0, after.lastIndexOf(handshake)).filter(isApplicationData);
      assert.deepEqual(frames, [], `records from our request on: ${after.join()}`);
    } finally {
      client.close();
      uplink.close();
    }
  });
});

test('a 4.44 client is asked for no renegotiation', async () => {
  await withMember(async (member) => {
    const uplink = await SlowUplink.open(member.agent.port);
    const client = await RawClient.open(uplink.port);
    try {
      await client.hello();
      const from = uplink.types.length;
      await client.ask(login(member.plane.issue(), 444));
      await until('a keep-alive', () => client.received().length > 0);
      assert.ok(!uplink.types.slice(from).includes(handshake));
    } finally {
      client.close();
      uplink.close();
    }
  });
});

function isApplicationData(type: number): boolean {
  return type === applicationData;
}
