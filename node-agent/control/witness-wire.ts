import type { WitnessEndpoint } from '#shared/contract/peers.ts';

/** Datagrams to and from other members. */
export interface WitnessWire {
  /** Where peers reach this member. */
  readonly endpoint: WitnessEndpoint;
  send(bytes: Buffer, to: WitnessEndpoint): void;
  close(): void;
}

export type OpenWitnessWire = (
  received: (bytes: Buffer, from: WitnessEndpoint) => void,
) => Promise<WitnessWire>;
