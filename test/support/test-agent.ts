import { Agent as HttpAgent } from 'undici';
import { Agent } from '#node-agent/agent.ts';
import { SignedAgentApi } from '#node-agent/control/agent-api.ts';
import { dial } from '#node-agent/dial/dial.ts';
import type { DialOptions, DialOutcome } from '#node-agent/dial/dial-options.ts';
import type { DialedSession } from '#node-agent/dial/dialed-session.ts';
import { atEndOfTurn, systemClock, systemRandom, systemTimers } from '#node-agent/system.ts';
import { type Fields, type Log, silentLog } from '#shared/kernel/log.ts';
import { type SelfSigned, selfSignedCertificate } from '#shared/x509/self-signed.ts';
import { FakeControlPlane } from './fake-control-plane.ts';

/** A log that remembers. */
export class RecordingLog implements Log {
  readonly entries: { level: string; event: string; fields: Fields }[] = [];

  info(event: string, fields: Fields = {}): void {
    this.entries.push({ level: 'info', event, fields });
  }
  warn(event: string, fields: Fields = {}): void {
    this.entries.push({ level: 'warn', event, fields });
  }
  error(event: string, fields: Fields = {}): void {
    this.entries.push({ level: 'error', event, fields });
  }

  /** The fields of every entry of one event. */
  of(event: string): Fields[] {
    return this.entries.filter((entry) => entry.event === event).map((entry) => entry.fields);
  }
}

export interface TestAgentOptions {
  readonly capacity?: number;
}

/** A whole member in this process, on loopback, with a fake control plane behind it. */
export class TestAgent {
  readonly plane = new FakeControlPlane();
  readonly log = new RecordingLog();
  readonly certificate: SelfSigned = selfSignedCertificate({
    commonName: '127.0.0.1',
    validDays: 1,
    nowMs: Date.now(),
  });
  stopped = false;
  readonly #dispatcher = new HttpAgent();
  readonly #capacity: number;
  #agent: Agent | undefined;
  readonly #dialed: DialedSession[] = [];

  constructor(options: TestAgentOptions = {}) {
    this.#capacity = options.capacity ?? 1_000;
  }

  get agent(): Agent {
    if (this.#agent === undefined) throw new Error('not started');
    return this.#agent;
  }

  async start(): Promise<this> {
    await this.plane.open();
    this.#agent = new Agent({
      config: {
        capacity: this.#capacity,
        weight: 100,
        listen: { address: '127.0.0.1', port: 0 },
      },
      publicAddress: '127.0.0.1',
      certificate: this.certificate,
      agentVersion: 'test',
      api: new SignedAgentApi({
        url: this.plane.url,
        region: 'eu-central-1',
        credentials: async () => ({
          accessKeyId: 'AKIDEXAMPLE',
          secretAccessKey: 'example',
          sessionToken: 'example',
          expiration: new Date(Date.now() + 3_600_000),
        }),
        dispatcher: this.#dispatcher,
        answerBytesMax: 1024 * 1024,
      }),
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      atEndOfTurn,
      log: this.log,
      onStopped: () => {
        this.stopped = true;
      },
    });
    await this.#agent.start();
    return this;
  }

  /** Go to the member with a ticket. */
  dial(ticket: Buffer, options: Partial<DialOptions> = {}): Promise<DialOutcome> {
    return dial({
      address: '127.0.0.1',
      port: this.agent.port,
      hub: 'HUB',
      user: 'alice',
      credential: { kind: 'ticket', ticket },
      pin: this.certificate.certDer,
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      log: silentLog,
      ...options,
    });
  }

  /** As {@link dial}, where nothing but a session will do. It is closed with the agent. */
  async connect(ticket: Buffer, options: Partial<DialOptions> = {}): Promise<DialedSession> {
    const outcome = await this.dial(ticket, options);
    if (outcome.kind !== 'connected') throw new Error(`not connected: ${JSON.stringify(outcome)}`);
    this.#dialed.push(outcome.session);
    return outcome.session;
  }

  async close(): Promise<void> {
    for (const session of this.#dialed) await session.close();
    if (this.#agent !== undefined && !this.stopped) await this.#agent.stop();
    await this.#dispatcher.destroy();
    await this.plane.close();
  }
}
