import { eventually } from '#test/support/eventually.ts';
import { GenuineProgram } from './genuine-program.ts';
import type { Host } from './host.ts';
import { PingLog } from './ping-log.ts';
import { RawStation } from './raw-station.ts';
import { properties, type Row, VpncmdError } from './vpncmd.ts';

/** The one account and device each client has; SoftEther names the device `vpn_NAME`. */
const accountName = 'account';
const nicName = 'vpn';
/** Of the hosts on the switch, as opposed to loopback, where vpncmd connects. */
const subnet = '10.77.0.0/24';
const device = `vpn_${nicName}`;
/** SoftEther's "the account is not connected". */
const notConnected = 37;

/** How the account proves who it is. `plain` is what SoftEther calls RADIUS or NT domain. */
export type Credential =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'password'; readonly password: string }
  | { readonly kind: 'plain'; readonly password: string };

/** How a session takes part, and how its connections are used; all off if left out. */
export interface ClientMode {
  readonly halfDuplex?: boolean;
  readonly compress?: boolean;
  readonly qos?: boolean;
  /** Bridge / router mode: more stations than the client itself. */
  readonly bridge?: boolean;
  readonly monitor?: boolean;
}

export interface Account {
  /** `address:port` */
  readonly server: string;
  readonly hub: string;
  readonly user: string;
  readonly credential: Credential;
  /** Between attempts; SoftEther forces it into 5..300. */
  readonly retryIntervalSeconds?: number;
  readonly maxConnections?: number;
  readonly mode?: ClientMode;
}

/** What the client's status page says. */
export interface ClientStatus {
  readonly established: boolean;
  /** The client's own words, such as `Retrying`. */
  readonly text: string;
  readonly sessionName: string | undefined;
  readonly connections: number;
  readonly establishedCount: number;
}

/** One line of the client's log about its account. */
export interface ClientEvent {
  readonly atMs: number;
  readonly kind: 'trying' | 'connected' | 'failed';
  readonly text: string;
  /** SoftEther's error number, of a failure. */
  readonly code: number | undefined;
}

/** A genuine VPN Client with one account, its virtual network adapter and an address on it. */
export class GenuineClient {
  readonly host: Host;
  readonly #program: GenuineProgram;
  #tapAddress = '';

  private constructor(program: GenuineProgram) {
    this.host = program.host;
    this.#program = program;
  }

  static async start(host: Host): Promise<GenuineClient> {
    const client = new GenuineClient(await GenuineProgram.start(host, 'vpnclient'));
    await client.#program.command(['NicCreate', nicName]);
    return client;
  }

  /** Start, set up and begin to connect; the adapter gets `tapAddress`, such as 10.88.0.1. */
  static async dial(host: Host, account: Account, tapAddress: string): Promise<GenuineClient> {
    const client = await GenuineClient.start(host);
    await client.configure(account);
    await client.setTapAddress(tapAddress);
    await client.connect();
    return client;
  }

  async configure(account: Account): Promise<void> {
    const { server, hub, user, credential } = account;
    await this.account(
      'Create',
      `/SERVER:${server}`,
      `/HUB:${hub}`,
      `/USERNAME:${user}`,
      `/NICNAME:${nicName}`,
    );
    await this.account('RetrySet', '/NUM:999', `/INTERVAL:${account.retryIntervalSeconds ?? 5}`);
    await this.setConnections(account.maxConnections ?? 1, account.mode ?? {});
    if (account.mode?.compress) await this.account('CompressEnable');
    if (credential.kind === 'anonymous') return this.account('AnonymousSet');
    const type = credential.kind === 'plain' ? 'radius' : 'standard';
    return this.account('PasswordSet', `/PASSWORD:${credential.password}`, `/TYPE:${type}`);
  }

  async connect(): Promise<void> {
    await this.account('Connect');
  }

  async disconnect(): Promise<void> {
    await this.account('Disconnect');
  }

  async status(): Promise<ClientStatus> {
    const status = properties(await this.statusRows());
    const text = status.get('Session Status') ?? '';
    return {
      established: text.includes('Session Established'),
      text,
      sessionName: status.get('Session Name'),
      connections: Number(status.get('Number of TCP Connections') ?? 0),
      establishedCount: Number.parseInt(status.get('Number of Established Sessions') ?? '0', 10),
    };
  }

  private async statusRows(): Promise<readonly Row[]> {
    try {
      return await this.#program.command(['AccountStatusGet', accountName]);
    } catch (error) {
      // A busy client says so for a moment after it was told to connect, too.
      if (error instanceof VpncmdError && error.code === notConnected) return [];
      throw error;
    }
  }

  /** What the client wrote about its account, with SoftEther's error numbers. */
  events(): ClientEvent[] {
    return this.#program.log('client_log').split('\n').flatMap(eventOf);
  }

  /** The last error the client met, and when. */
  lastFailure(): ClientEvent | undefined {
    return this.events().findLast((event) => event.kind === 'failed');
  }

  /** When the client first said "connected" after `sinceMs`. */
  connectedAfter(sinceMs: number): number | undefined {
    const isReturn = (event: ClientEvent) => event.kind === 'connected' && event.atMs > sinceMs;
    return this.events().find(isReturn)?.atMs;
  }

  /** Wait until the client has said "connected" after `sinceMs`; when it did. */
  async returned(sinceMs: number, limitMs: number): Promise<number> {
    await eventually(() => {
      if (this.connectedAfter(sinceMs) !== undefined) return undefined;
      return `${this.host.name} is not back: ${this.events().at(-1)?.text}`;
    }, limitMs);
    return this.connectedAfter(sinceMs) ?? Number.NaN;
  }

  /** End the program at once, and with it the virtual network adapter. */
  async kill(): Promise<void> {
    await this.#program.end('SIGKILL');
  }

  /** Wait until the client says its session stands; a failure tells what it says instead. */
  async established(limitMs: number): Promise<void> {
    await eventually(async () => {
      const { established, text } = await this.status();
      if (established) return undefined;
      return `${this.host.name} is "${text}", last error: ${this.lastFailure()?.text ?? 'none'}`;
    }, limitMs);
  }

  /** Wait for a failure of this number. */
  async failure(code: number, limitMs: number): Promise<ClientEvent> {
    const matches = (event: ClientEvent) => event.code === code;
    await eventually(() => {
      if (this.events().some(matches)) return undefined;
      const seen = this.lastFailure()?.text ?? 'no error at all';
      return `${this.host.name} should show error ${code} but shows ${seen}`;
    }, limitMs);
    return this.events().find(matches) as ClientEvent;
  }

  /** The server the session's connections go to, from the kernel's own table. */
  async serverAddress(): Promise<string | undefined> {
    const sockets = await this.host.mustExec(['ss', '-Htn', 'state', 'established', 'dst', subnet]);
    return /(10\.77\.0\.\d+):\d+\s*$/m.exec(sockets)?.[1];
  }

  /** The address of the virtual network adapter. */
  get tapAddress(): string {
    return this.#tapAddress;
  }

  async setTapAddress(address: string): Promise<void> {
    this.#tapAddress = address;
    await this.host.ip('addr', 'replace', `${address}/24`, 'dev', device);
    await this.host.ip('link', 'set', device, 'up');
    // Ask for a lost neighbour five times a second, so that outages are measured as finely.
    const retransmit = `/proc/sys/net/ipv4/neigh/${device}/retrans_time_ms`;
    await this.host.mustExec(['sh', '-c', `echo 200 > ${retransmit}`]);
  }

  /** Wait until `address` answers through the adapter. */
  async reaches(address: string, limitMs: number): Promise<void> {
    await eventually(async () => {
      const ping = ['ping', '-n', '-c', '1', '-W', '1', '-I', device, address];
      if ((await this.host.exec(ping)).code === 0) return undefined;
      const { text, connections } = await this.status();
      return `${this.host.name}, "${text}" on ${connections}, gets no answer from ${address}`;
    }, limitMs);
  }

  /** Frames that have come out of the virtual network adapter so far. */
  async framesHeard(): Promise<number> {
    const [link] = JSON.parse(await this.host.ip('-j', '-s', 'link', 'show', device));
    return link.stats64.rx.packets;
  }

  /** One look, of about a second, whether `address` answers. */
  async hears(address: string): Promise<boolean> {
    const ping = ['ping', '-n', '-c', '3', '-i', '0.2', '-W', '1', '-I', device, address];
    return (await this.host.exec(ping)).code === 0;
  }

  /** Ping `address` five times a second through the adapter until the log is stopped. */
  pingLog(address: string): PingLog {
    return new PingLog(this.host, device, address);
  }

  /** Put a station of raw frames beside the adapter, which from then on has no address. */
  rawStation(): Promise<RawStation> {
    return RawStation.beside(this.host, device);
  }

  private async account(verb: string, ...args: string[]): Promise<void> {
    await this.#program.command([`Account${verb}`, accountName, ...args]);
  }

  private setConnections(maxTcp: number, mode: ClientMode): Promise<void> {
    const yes = (wish: boolean | undefined): string => (wish ? 'yes' : 'no');
    return this.account(
      'DetailSet',
      `/MAXTCP:${maxTcp}`,
      '/INTERVAL:1',
      '/TTL:0',
      `/HALF:${yes(mode.halfDuplex)}`,
      `/BRIDGE:${yes(mode.bridge)}`,
      `/MONITOR:${yes(mode.monitor)}`,
      '/NOTRACK:yes',
      `/NOQOS:${yes(!mode.qos)}`,
      // Always TCP, so that measurements compare like with like.
      '/DISABLEUDP:yes',
    );
  }
}

const linePattern = /^(\S+) (\S+) VPN Connection Setting "[^"]+": (.*)$/;
const failurePattern = /\(code (\d+)\)/;

/** Log times are local time without a zone, as `new Date` reads them. */
function eventOf(line: string): ClientEvent[] {
  const match = linePattern.exec(line.trimEnd());
  if (!match) return [];
  const [, day, time, text = ''] = match;
  const atMs = new Date(`${day}T${time}`).getTime();
  const code = failurePattern.exec(text)?.[1];
  if (code !== undefined) return [{ atMs, kind: 'failed', text, code: Number(code) }];
  if (text.startsWith('Now connected')) return [{ atMs, kind: 'connected', text, code: undefined }];
  if (!text.startsWith('Connection operation starting')) return [];
  return [{ atMs, kind: 'trying', text, code: undefined }];
}
