import { errorCode } from '#shared/wire/error-code.ts';
import { CliError } from './cli-error.ts';

/** What to do about the numbers that administrators meet. */
const remedies: ReadonlyMap<number, string> = new Map([
  [errorCode.hubNotFound, 'etherfleet hubs lists those there are'],
  [errorCode.objectNotFound, 'etherfleet members, or etherfleet sessions HUB, lists what there is'],
  [errorCode.notEnoughRight, "use the server's password, and no --hub-admin"],
  [errorCode.notSupported, 'the cluster is older than this command: deploy the same version'],
  [errorCode.tooManyItems, 'ask about one hub, or come back in a minute'],
]);

/** A call was refused: SoftEther's number and sentence, as the cluster told them. */
export function refusalOf(
  method: string,
  { code, message }: { readonly code: number; readonly message: string },
): CliError {
  const remedy =
    remedies.get(code) ?? `the log of the Admin function says why ${method} was refused`;
  return new CliError(`${method}: ${message}`, remedy);
}
