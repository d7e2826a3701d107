import { errorCode } from '#shared/wire/error-code.ts';
import { CliError } from './cli-error.ts';

/** What to do about the numbers that administrators meet. */
const remedies: ReadonlyMap<number, string> = new Map([
  [errorCode.hubNotFound, 'etherfleet hubs lists those there are'],
  [errorCode.notEnoughRight, "use the server's password, and no --hub-admin"],
  [errorCode.notSupported, 'the cluster is older than this command: deploy the same version'],
  [errorCode.tooManyItems, 'ask about one hub, or come back in a minute'],
]);

/** What to do where the object is the one that was named. */
const remediesOfNotFound: ReadonlyMap<string, string> = new Map([
  ['DrainMember', 'etherfleet members lists those there are'],
  ['DrainMachine', 'etherfleet members lists those there are'],
  ['ExplainLogin', "sessions of a hub: etherfleet sessions HUB; its users: vpncmd's UserList"],
]);

/** A call was refused: SoftEther's number and sentence, as the cluster told them. */
export function refusalOf(
  method: string,
  { code, message }: { readonly code: number; readonly message: string },
): CliError {
  const known =
    code === errorCode.objectNotFound ? remediesOfNotFound.get(method) : remedies.get(code);
  const remedy = known ?? `the log of the Admin function says why ${method} was refused`;
  return new CliError(`${method}: ${message}`, remedy);
}
