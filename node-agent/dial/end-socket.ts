import type { TLSSocket } from 'node:tls';
import type { Timers } from '#shared/kernel/clock.ts';

/** A peer that does not answer our close_notify holds the socket no longer than this. */
const endGraceMs = 2_000;

/**
 * End in order: what is written goes out, then close_notify, then the FIN. An abrupt end damages
 * some peers (`protocol/04` §4). Resolves when the socket is gone; never rejects.
 */
export function endSocket(socket: TLSSocket, timers: Timers): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) {
      resolve();
      return;
    }
    const cancel = timers.after(endGraceMs, () => socket.destroy());
    socket.on('error', () => undefined); // whatever it is now, 'close' follows
    socket.once('close', () => {
      cancel();
      resolve();
    });
    socket.resume();
    socket.end();
  });
}
