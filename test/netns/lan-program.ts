import { createSocket, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';

// Runs on a machine of a site's network; see `lan-machine.ts`:
//   dhcp-server OWN LEASE | dhcp-client | listen OWN GROUP | shout OWN GROUP TEXT
const [role = '', ...args] = process.argv.slice(2);

const serverPort = 67;
const clientPort = 68;
const groupPort = 5_007;
const everybody = '255.255.255.255';
const againMs = 500;

/** RFC 2131 and 2132, as much as one lease takes. */
const discover = 1;
const offer = 2;
const request = 3;
const acknowledge = 5;
const cookie = Buffer.from('63825363', 'hex');
const optionsAt = 240;
const messageBytes = 300;

interface DhcpMessage {
  readonly op: number;
  readonly transaction: Buffer;
  readonly hardware: Buffer;
  readonly yours: string;
  readonly kind: number;
  readonly server: string;
}

function encode(message: DhcpMessage): Buffer {
  const bytes = Buffer.alloc(messageBytes);
  bytes.set([message.op, 1, 6]);
  message.transaction.copy(bytes, 4);
  bytes.writeUInt16BE(0x8000, 10); // answers by broadcast, please
  bytes.set(address(message.yours), 16);
  message.hardware.copy(bytes, 28);
  cookie.copy(bytes, 236);
  const options = [
    [53, 1, message.kind],
    [54, 4, ...address(message.server)],
  ];
  if (message.op === 2) options.push([1, 4, ...address('255.255.255.0')], [51, 4, 0, 0, 14, 16]);
  else options.push([50, 4, ...address(message.yours)]);
  bytes.set([...options.flat(), 255], optionsAt);
  return bytes;
}

function decode(bytes: Buffer): DhcpMessage | undefined {
  if (bytes.length < optionsAt || !bytes.subarray(236, optionsAt).equals(cookie)) return undefined;
  const options = new Map<number, Buffer>();
  for (let at = optionsAt; at < bytes.length && bytes[at] !== 255; ) {
    const length = bytes[at + 1] ?? 0;
    options.set(bytes[at] ?? 0, bytes.subarray(at + 2, at + 2 + length));
    at += bytes[at] === 0 ? 1 : 2 + length;
  }
  return {
    op: bytes[0] ?? 0,
    transaction: bytes.subarray(4, 8),
    hardware: bytes.subarray(28, 34),
    yours: bytes.subarray(16, 20).join('.'),
    kind: options.get(53)?.[0] ?? 0,
    server: options.get(54)?.join('.') ?? '0.0.0.0',
  };
}

function address(text: string): number[] {
  return text.split('.').map(Number);
}

async function bound(port: number): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  await new Promise<void>((resolve) => socket.bind(port, resolve));
  socket.setBroadcast(true);
  return socket;
}

async function serveDhcp(own: string, lease: string): Promise<void> {
  const socket = await bound(serverPort);
  socket.on('message', (bytes) => {
    const asked = decode(bytes);
    if (asked?.op !== 1) return;
    const kind = asked.kind === discover ? offer : acknowledge;
    const answer = encode({ ...asked, op: 2, kind, yours: lease, server: own });
    socket.send(answer, clientPort, everybody);
  });
  process.stdout.write('ready\n');
}

async function askDhcp(): Promise<void> {
  const socket = await bound(clientPort);
  const [card] = networkInterfaces()['lan0'] ?? [];
  const hardware = Buffer.from((card?.mac ?? '02:00:00:00:00:01').replaceAll(':', ''), 'hex');
  const transaction = Buffer.from('00e1f1ee', 'hex');
  const none = '0.0.0.0';
  let next: DhcpMessage = {
    op: 1,
    transaction,
    hardware,
    yours: none,
    kind: discover,
    server: none,
  };
  const say = (): void => socket.send(encode(next), serverPort, everybody);
  socket.on('message', (bytes) => {
    const answer = decode(bytes);
    if (answer?.op !== 2 || !answer.hardware.equals(hardware)) return;
    if (answer.kind === acknowledge) {
      process.stdout.write(`${answer.yours}\n`, () => process.exit(0));
    } else if (answer.kind === offer) {
      next = { ...next, kind: request, yours: answer.yours, server: answer.server };
      say();
    }
  });
  setInterval(say, againMs);
  say();
}

async function listen(own: string, group: string): Promise<void> {
  const socket = await bound(groupPort);
  socket.addMembership(group, own);
  socket.on('message', (bytes) => process.stdout.write(`${bytes}\n`));
  process.stdout.write('ready\n');
}

async function shout(own: string, group: string, text: string): Promise<void> {
  const socket = await bound(0);
  socket.setMulticastInterface(own);
  socket.setMulticastTTL(4);
  setInterval(() => socket.send(text, groupPort, group), 100);
  process.stdout.write('ready\n');
}

const [first = '', second = '', third = ''] = args;
if (role === 'dhcp-server') await serveDhcp(first, second);
else if (role === 'dhcp-client') await askDhcp();
else if (role === 'listen') await listen(first, second);
else if (role === 'shout') await shout(first, second, third);
else throw new Error(`no role ${role}`);
