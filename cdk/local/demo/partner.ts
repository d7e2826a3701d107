import type { DemoHub } from './demo-hubs.ts';

/** A client as far as it can be asked for an echo. */
export interface Partner {
  readonly hub: DemoHub;
  /** The member it is on, or was last. */
  readonly memberEndpoint: string | undefined;
}

/**
 * Whom a client asks: the next one of its hub; on a static hub the next one on the same member, for
 * its instances on different members are separate networks, and who is alone there has nobody to
 * ask. A partner that is away is still asked: what is lost meanwhile is to be counted.
 */
export function partnerOf<P extends Partner>(client: P, clients: readonly P[]): P | undefined {
  if (client.memberEndpoint === undefined) return undefined;
  const start = clients.indexOf(client);
  const ring = [...clients.slice(start + 1), ...clients.slice(0, start)];
  return ring.find(
    (other) =>
      other.hub === client.hub &&
      other.memberEndpoint !== undefined &&
      (client.hub.kind === 'dynamic' || other.memberEndpoint === client.memberEndpoint),
  );
}
