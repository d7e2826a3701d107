import { once } from 'node:events';
import { createServer } from 'node:net';
import { type Endpoint, endpointText } from './options.ts';

/** The cluster cannot start as asked; the message says what to do. Printed without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** Find out early, and say so in plain words, if an address cannot be listened on. */
export async function assertFree(endpoint: Endpoint, option: string): Promise<void> {
  const server = createServer();
  server.listen(endpoint.port, endpoint.address);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new StartError(remedy((error as NodeJS.ErrnoException).code, endpoint, option));
  }
  server.close();
  await once(server, 'close');
}

/** Whether an address can be listened on now. */
export async function isFree(endpoint: Endpoint): Promise<boolean> {
  try {
    await assertFree(endpoint, '--member');
    return true;
  } catch (error) {
    if (error instanceof StartError) return false;
    throw error;
  }
}

function remedy(code: string | undefined, endpoint: Endpoint, option: string): string {
  const text = endpointText(endpoint);
  const another = `choose another with ${option} ADDR:PORT`;
  switch (code) {
    case 'EADDRINUSE':
      return `${text} is in use: end what listens there (see: ss -ltnp), or ${another}`;
    case 'EADDRNOTAVAIL':
      return `this machine has no address ${endpoint.address}: ${another}`;
    case 'EACCES':
      return `only root may listen on ${text}: take a port above 1023, or ${another}`;
    default:
      return `cannot listen on ${text} (${code ?? 'unknown error'}); see ${option}`;
  }
}
