import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An instance metadata service that knows one machine. */
export class FakeImds {
  readonly #server: Server;
  /** What is not here is 404. */
  readonly answers = new Map([
    ['/latest/meta-data/instance-id', 'i-0fake'],
    ['/latest/meta-data/public-ipv4', '127.0.0.1'],
    ['/latest/meta-data/local-ipv4', '127.0.0.1'],
    ['/latest/meta-data/iam/security-credentials/', 'member-role'],
  ]);

  constructor() {
    const keys = {
      AccessKeyId: 'AKIDEXAMPLE',
      SecretAccessKey: 'the-secret-key',
      Token: 'the-session-token',
      Expiration: new Date(Date.now() + 6 * 3_600_000).toISOString(),
    };
    const path = '/latest/meta-data/iam/security-credentials/member-role';
    this.answers.set(path, JSON.stringify(keys));
    this.#server = createServer((request, response) => {
      const isToken = request.url === '/latest/api/token' && request.method === 'PUT';
      const text = isToken ? 'token' : this.answers.get(request.url ?? '');
      response.writeHead(text === undefined ? 404 : 200).end(text);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
