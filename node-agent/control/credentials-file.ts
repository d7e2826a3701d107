import { readFile, stat } from 'node:fs/promises';
import type { SigningKeys } from './imds.ts';

/** A file is read so far; a profile of keys has some hundred bytes. */
const fileBytesMax = 64 * 1024;

/**
 * Keys of a member outside AWS, in the format of AWS's shared credentials file. Read again whenever
 * the file was changed, so that new keys, or those a helper renews, count without a restart.
 */
export class CredentialsFile {
  readonly #path: string;
  #known: { readonly changedMs: number; readonly keys: SigningKeys } | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The keys of the profile `default`. */
  async credentials(): Promise<SigningKeys> {
    const { mtimeMs: changedMs, size } = await stat(this.#path);
    if (this.#known?.changedMs === changedMs) return this.#known.keys;
    if (size > fileBytesMax) throw new Error(`${this.#path} is no credentials file`);
    const keys = parseCredentials(await readFile(this.#path, 'utf8'));
    if (keys === undefined) {
      throw new Error(`${this.#path} needs [default], aws_access_key_id and aws_secret_access_key`);
    }
    this.#known = { changedMs, keys };
    return keys;
  }
}

/** The profile `default` of a shared credentials file. */
export function parseCredentials(text: string): SigningKeys | undefined {
  const values = new Map<string, string>();
  let profile = '';
  for (const line of text.split('\n')) {
    const [, heading] = /^\s*\[\s*([^\]]*?)\s*\]\s*$/.exec(line) ?? [];
    if (heading !== undefined) profile = heading;
    const [, name, value] = /^\s*([a-z_]+)\s*=\s*(\S+)\s*$/.exec(line) ?? [];
    if (profile === 'default' && name !== undefined) values.set(name, value ?? '');
  }
  const accessKeyId = values.get('aws_access_key_id');
  const secretAccessKey = values.get('aws_secret_access_key');
  const sessionToken = values.get('aws_session_token');
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}
