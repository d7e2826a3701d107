import { createSocket } from 'node:dgram';
import { assert } from '#shared/kernel/assert.ts';
import type { Log } from '#shared/kernel/log.ts';
import { witnessMessageBytesMax } from './witness-message.ts';
import type { OpenWitnessWire } from './witness-wire.ts';

export interface WitnessSocketOptions {
  readonly listen: { readonly address: string; readonly port: number };
  /** What peers are told to send to. */
  readonly address: string;
  readonly log: Log;
}

/**
 * The {@link OpenWitnessWire} of a machine: UDP, because a question is one packet, its loss shows
 * at once, and nobody can hold a connection open. A port that cannot be had rejects.
 */
export function witnessSocket({ listen, address, log }: WitnessSocketOptions): OpenWitnessWire {
  return async (received) => {
    const socket = createSocket('udp4', (bytes, { address: from, port }) => {
      if (bytes.length <= witnessMessageBytesMax) received(bytes, { address: from, port });
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(listen.port, listen.address, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    socket.on('error', (error) => log.warn('witness.failed', { error: error.message }));
    const { port } = socket.address();
    assert(port > 0, 'a bound socket has a port');
    return {
      endpoint: { address, port },
      // What cannot be sent is lost, like anything that is sent.
      send: (bytes, to) => socket.send(bytes, to.port, to.address, () => undefined),
      close: () => socket.close(),
    };
  };
}
