import {
  type Direction,
  decodeAdditionalConnectAnswer,
  encodeAdditionalConnect,
} from '#shared/wire/additional-connect.ts';
import { readError } from '#shared/wire/error-answer.ts';
import { answerPackLimits } from '#shared/wire/pack.ts';
import type { Welcome } from '#shared/wire/welcome.ts';
import { Channel, deadlineReason, type RawStream, type Target } from './channel.ts';
import { DialError, type DialFailure } from './dial-error.ts';
import {
  additionalConnectDeadlineMs,
  type DialOptions,
  defaultClientBuild,
  defaultClientName,
  defaultClientVer,
} from './dial-options.ts';
import { ask, hello, padding, read } from './handshake.ts';

export type AddOutcome =
  | { readonly kind: 'joined'; readonly stream: RawStream; readonly direction: Direction }
  | { readonly kind: 'rejected'; readonly code: number }
  | { readonly kind: 'failed'; readonly failure: DialFailure };

/** Try once to add a connection to a session (`protocol/02` §10): no probe, no login. */
export async function addConnection(
  member: Target,
  welcome: Welcome,
  options: DialOptions,
  cancelled: AbortSignal,
): Promise<AddOutcome> {
  const abort = new AbortController();
  const onCancel = (): void => abort.abort('cancelled');
  const cancelDeadline = options.timers.after(additionalConnectDeadlineMs, () =>
    abort.abort(deadlineReason),
  );
  cancelled.addEventListener('abort', onCancel);
  if (cancelled.aborted) onCancel();
  try {
    return await attempt(member, welcome, options, abort.signal);
  } catch (error) {
    if (!(error instanceof DialError)) throw error;
    return { kind: 'failed', failure: error.failure };
  } finally {
    cancelDeadline();
    cancelled.removeEventListener('abort', onCancel);
  }
}

async function attempt(
  member: Target,
  welcome: Welcome,
  options: DialOptions,
  signal: AbortSignal,
): Promise<AddOutcome> {
  const { timers } = options;
  const bodyBytesMax = answerPackLimits.packBytesMax;
  const channel = await Channel.open(member, { bodyBytesMax, signal, timers });
  try {
    const greeting = await hello(channel);
    if (typeof greeting === 'number') return rejected(channel, greeting);
    const request = encodeAdditionalConnect(
      {
        sessionKey: welcome.sessionKey,
        clientStr: options.clientName ?? defaultClientName,
        clientVer: options.clientVer ?? defaultClientVer,
        clientBuild: options.clientBuild ?? defaultClientBuild,
      },
      padding(options.random),
    );
    const answer = await ask(channel, request, options);
    const error = readError(answer);
    if (error !== 0) return rejected(channel, error);
    const { direction } = read(channel, 'protocol', () => decodeAdditionalConnectAnswer(answer));
    return { kind: 'joined', stream: channel.takeOver(), direction };
  } catch (error) {
    channel.destroy();
    throw error;
  }
}

function rejected(channel: Channel, code: number): AddOutcome {
  channel.endWith();
  return { kind: 'rejected', code };
}
