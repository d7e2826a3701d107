import * as z from 'zod';
import { CliError } from './cli-error.ts';

/** Where a cluster is administered, and as whom. */
export interface Connection {
  readonly url: URL;
  readonly password: string;
  /** Hub administration of this hub; the server's without. */
  readonly hub: string | undefined;
  /** PEM to trust instead of the system's, whatever name the certificate is for. */
  readonly ca: string | undefined;
}

/** What the command line says about it. */
export interface ConnectionOptions {
  readonly server?: string;
  readonly passwordFile?: string;
  readonly hubAdmin?: string;
  readonly ca?: string;
  readonly state: string;
}

export const variables = { server: 'ETHERFLEET_SERVER', password: 'ETHERFLEET_PASSWORD' } as const;

const stateSchema = z.object({ admin: z.object({ url: z.string(), password: z.string() }) });

/** What the environment has to offer. A file that is not there is `undefined`. */
export interface Surroundings {
  readonly variable: (name: string) => string | undefined;
  readonly file: (path: string) => string | undefined;
}

/**
 * The cluster that is named, else the one `npm start` runs here. A password is never an argument:
 * everybody on the machine could read it.
 */
export function connectionOf(options: ConnectionOptions, around: Surroundings): Connection {
  const named = options.server ?? around.variable(variables.server);
  const local = named === undefined ? localCluster(options.state, around) : undefined;
  const url = urlOf(named ?? local?.url ?? '');
  const password = passwordOf(options, around) ?? local?.password;
  if (password === undefined) {
    throw new CliError(
      'no password is given',
      `set ${variables.password}, or name a file with --password-file; on AWS the stack's output ` +
        'AdminPasswordSecret names the secret that holds it',
    );
  }
  const ca = options.ca === undefined ? undefined : required(options.ca, '--ca', around);
  return { url, password, hub: options.hubAdmin, ca };
}

function localCluster(
  path: string,
  around: Surroundings,
): { readonly url: string; readonly password: string } {
  const text = around.file(path);
  const state = text === undefined ? undefined : stateSchema.safeParse(jsonOf(text));
  if (state?.success) return state.data.admin;
  throw new CliError(
    text === undefined ? `no server is named, and there is no ${path}` : `${path} is no state file`,
    `name one with --server or ${variables.server}, or start a cluster here with npm start`,
  );
}

function passwordOf(options: ConnectionOptions, around: Surroundings): string | undefined {
  const { passwordFile } = options;
  if (passwordFile === undefined) return around.variable(variables.password);
  return required(passwordFile, '--password-file', around).replace(/\r?\n$/, '');
}

function required(path: string, option: string, around: Surroundings): string {
  const text = around.file(path);
  if (text !== undefined) return text;
  throw new CliError(`${option}: ${path} cannot be read`, 'check the path and its permissions');
}

function urlOf(text: string): URL {
  const full = /^[a-z]+:\/\//i.test(text) ? text : `https://${text}`;
  if (/^https:/i.test(full) && URL.canParse(full)) return new URL('/api/', full);
  throw new CliError(`${text} is no https address`, 'name it like https://203.0.113.1');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
