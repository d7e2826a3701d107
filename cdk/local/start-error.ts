import { once } from 'node:events';
import { createServer } from 'node:net';
import { type Endpoint, endpointText } from './options.ts';

/** The cluster cannot start as asked; the message says what to do. Printed without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

const fileTroubles: Readonly<Record<string, string>> = {
  EACCES: 'this user may not; make it yours, or choose another folder',
  EPERM: 'this user may not; make it yours, or choose another folder',
  EROFS: 'the file system is read-only; choose another folder',
  ENOSPC: 'the disk is full; make room, or choose another folder',
  EDQUOT: 'the quota is used up; make room, or choose another folder',
  ENOTDIR: 'a file is where a folder should be; choose another folder',
  EEXIST: 'a file is where a folder should be; choose another folder',
  ERR_FS_EISDIR: 'a folder is where a file should be; choose another one',
};

/** What a file or folder that cannot be had means to a person; undefined: that was not it. */
export function fileTrouble(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = '', dest, path = dest } = error as NodeJS.ErrnoException & { dest?: string };
  const trouble = fileTroubles[code];
  if (path === undefined || trouble === undefined) return undefined;
  return `cannot use ${dest ?? path} (${code}): ${trouble} (--data DIR, --state FILE)`;
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
