import type { Login } from '#shared/wire/login.ts';

/** What a redirect does to a client (protocol/04 §3). */
export type RedirectEffect =
  | 'works'
  /** The session stands as long as it has one connection only. */
  | 'single-connection'
  /** It would connect to the front door's address with the member's port, for ever. */
  | 'misroutes';

/** The first 5.02 build that follows a redirect of a named host with its first connection. */
const firstHalfFixedBuild = 5_181;

/**
 * Clients of the 5.x line that were configured with a host *name* misplace connections after a
 * redirect; with an address as text all work. Version before build: 4.x has the larger builds.
 */
export function redirectEffect(
  login: Pick<Login, 'serverHostname' | 'clientVer' | 'clientBuild'>,
): RedirectEffect {
  const byName = login.serverHostname !== '' && !isIp4Literal(login.serverHostname);
  if (!byName || login.clientVer <= 500) return 'works';
  if (login.clientVer === 501) return 'misroutes';
  if (login.clientVer === 502 && login.clientBuild < firstHalfFixedBuild) return 'misroutes';
  return 'single-connection';
}

function isIp4Literal(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
}
