import { assert } from '#shared/kernel/assert.ts';
import { readError } from '#shared/wire/error-answer.ts';
import type { Hello } from '#shared/wire/hello.ts';
import { type Credential, encodeLogin, type Login } from '#shared/wire/login.ts';
import { answerPackLimits, Pack } from '#shared/wire/pack.ts';
import { hashPassword, securePassword } from '#shared/wire/password.ts';
import { decodeRedirect, isRedirect, type Redirect } from '#shared/wire/redirect.ts';
import { decodeWelcome, sessionConnectionsMax } from '#shared/wire/welcome.ts';
import { Channel, deadlineReason, nameOf, type Target } from './channel.ts';
import { DialError } from './dial-error.ts';
import {
  type DialCredential,
  type DialOptions,
  type DialOutcome,
  defaultClientBuild,
  defaultClientName,
  defaultClientVer,
  defaultDeadlineMs,
  redirectsMax,
} from './dial-options.ts';
import { DialedSession } from './dialed-session.ts';
import { ask, hello, packRequest, padding, probe, read } from './handshake.ts';

/** One hop: where to, and with what. */
interface Hop {
  readonly target: Target;
  readonly credential: DialCredential;
  readonly serverHostname: string;
}

/**
 * Open a session as a SoftEther client does: connect, Hello, login, follow the Redirect to the
 * member it names (and to nobody else: its certificate must be the one announced), Welcome.
 *
 * @throws {DialError} the network or the other side failed
 */
export async function dial(options: DialOptions): Promise<DialOutcome> {
  const abort = new AbortController();
  const onAbort = (): void => abort.abort('cancelled');
  const cancelDeadline = options.timers.after(options.deadlineMs ?? defaultDeadlineMs, () =>
    abort.abort(deadlineReason),
  );
  options.signal?.addEventListener('abort', onAbort);
  if (options.signal?.aborted) onAbort();
  try {
    return await followHops(options, abort.signal);
  } finally {
    cancelDeadline();
    options.signal?.removeEventListener('abort', onAbort);
  }
}

async function followHops(options: DialOptions, signal: AbortSignal): Promise<DialOutcome> {
  let hop: Hop = {
    target: { address: options.address, port: options.port, pin: options.pin },
    credential: options.credential,
    serverHostname: options.serverHostname ?? options.address,
  };
  for (let redirects = 0; redirects <= redirectsMax; redirects++) {
    const outcome = await attempt(options, hop, signal);
    if (outcome.kind !== 'redirected' || options.followRedirect === false) return outcome;
    hop = hopAfter(outcome.redirect, hop.target.port);
  }
  throw new DialError('too-many-redirects', nameOf(hop.target));
}

/** The port in use if the member has it too, else the first (`protocol/04` §2). */
function hopAfter(redirect: Redirect, currentPort: number): Hop {
  const port = redirect.ports.includes(currentPort) ? currentPort : redirect.ports[0];
  assert(port !== undefined, 'a decoded Redirect has a port');
  return {
    target: { address: redirect.address, port, pin: redirect.certificate },
    credential: { kind: 'ticket', ticket: redirect.ticket },
    serverHostname: redirect.address,
  };
}

async function attempt(options: DialOptions, hop: Hop, signal: AbortSignal): Promise<DialOutcome> {
  const { timers, log } = options;
  const bodyBytesMax = answerPackLimits.packBytesMax;
  const channel = await Channel.open(hop.target, { bodyBytesMax, signal, timers });
  try {
    const outcome = await logIn(channel, options, hop);
    log.info('dial.answered', { target: nameOf(hop.target), outcome: outcome.kind });
    return outcome;
  } catch (error) {
    channel.destroy();
    throw error;
  }
}

async function logIn(channel: Channel, options: DialOptions, hop: Hop): Promise<DialOutcome> {
  if (options.probe) await probe(channel);
  const greeting = await hello(channel);
  if (typeof greeting === 'number') return rejected(channel, greeting);
  const login = loginOf(options, hop, greeting);
  const answer = await ask(channel, encodeLogin(login, padding(options.random)), options);
  const error = readError(answer);
  if (error !== 0) return rejected(channel, error);
  if (isRedirect(answer)) {
    const redirect = read(channel, 'protocol', () => decodeRedirect(answer));
    const thanks = new Pack().setPadding(padding(options.random));
    channel.endWith(packRequest(channel, thanks, options));
    return { kind: 'redirected', redirect };
  }
  const welcome = read(channel, 'protocol', () => decodeWelcome(answer));
  const target = { ...hop.target, address: channel.remoteAddress };
  const session = new DialedSession(welcome, target, channel.takeOver(), options);
  return { kind: 'connected', session };
}

function rejected(channel: Channel, code: number): DialOutcome {
  channel.endWith();
  return { kind: 'rejected', code, by: nameOf(channel.target) };
}

function loginOf(options: DialOptions, hop: Hop, greeting: Hello): Login {
  return {
    hubName: options.hub,
    userName: options.user,
    credential: answerTo(hop.credential, options.user, greeting),
    clientStr: options.clientName ?? defaultClientName,
    clientVer: options.clientVer ?? defaultClientVer,
    clientBuild: options.clientBuild ?? defaultClientBuild,
    maxConnection: Math.min(options.maxConnections ?? 1, sessionConnectionsMax),
    useEncrypt: true,
    useCompress: options.useCompress ?? false,
    halfConnection: options.halfDuplex ?? false,
    requireBridgeRoutingMode: options.bridge ?? false,
    requireMonitorMode: options.monitor ?? false,
    qos: options.qos ?? false,
    uniqueId: options.uniqueId ?? options.random.bytes(16),
    serverHostname: hop.serverHostname,
    serverProductName: greeting.hello,
    serverProductVer: greeting.version,
    serverProductBuild: greeting.build,
    clientHostname: '',
    clientOsName: '',
    clientOsVer: '',
  };
}

function answerTo(credential: DialCredential, user: string, greeting: Hello): Credential {
  if (credential.kind !== 'password') return credential;
  const stored = hashPassword(credential.password, user);
  return { kind: 'password', securePassword: securePassword(stored, greeting.random) };
}
