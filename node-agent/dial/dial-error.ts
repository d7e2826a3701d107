/** What kept an attempt from reaching an answer. */
export type DialFailure =
  | 'not-connected'
  | 'tls-failed'
  | 'pin-mismatch'
  | 'closed'
  | 'deadline'
  | 'cancelled'
  | 'not-a-vpn-server'
  | 'protocol'
  | 'too-many-redirects';

const remedies: Readonly<Record<DialFailure, string>> = {
  'not-connected': 'Check address and port, that the server runs, and that no firewall is between.',
  'tls-failed': 'Something answers there, but it does not speak TLS as a VPN server would.',
  'pin-mismatch':
    'The server shows another certificate than announced: it was replaced, or is another.',
  closed: 'The server ended the connection; its log says why.',
  deadline: 'The server did not answer in time: it is overloaded, or packets are lost on the way.',
  cancelled: 'The caller gave up.',
  'not-a-vpn-server':
    'Check address and port: what answers there is no SoftEther-compatible server.',
  protocol: 'The server broke the protocol; report this together with its version.',
  'too-many-redirects':
    'The cluster sends clients in circles; check the address its members announce.',
};

/** The network, or the other side, failed. A rejected login is not this but an outcome. */
export class DialError extends Error {
  override readonly name = 'DialError';
  readonly failure: DialFailure;
  /** What a person can do about it. */
  readonly remedy: string;

  /** @param target `address:port`, and what was being done there. */
  constructor(failure: DialFailure, target: string, options?: ErrorOptions) {
    super(`${target}: ${failure}${causeText(options?.cause)}`, options);
    this.failure = failure;
    this.remedy = remedies[failure];
  }
}

function causeText(cause: unknown): string {
  return cause instanceof Error && cause.message !== '' ? ` (${cause.message})` : '';
}
