/** A certificate and its key, as PEM. */
export interface CertificatePair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** Where load balancers take their certificates from. */
export interface CertificateStore {
  /** Keep a new one under an ARN of its own. */
  add(pair: CertificatePair): Promise<string>;
  /** Put another in the place of the one under `arn`; whoever uses it goes over to the new one. */
  replace(arn: string, pair: CertificatePair): Promise<void>;
  /** When the one under `arn` ends; undefined if there is none. */
  endsMs(arn: string): Promise<number | undefined>;
  /** `absent`: there is none (any more). `in-use`: a load balancer still has it. */
  remove(arn: string): Promise<'removed' | 'absent' | 'in-use'>;
}
