import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream/promises';

/**
 * `relay.ts SOCKET ADDRESS PORT`, run on a host: carries connections from a Unix socket, which
 * every namespace can open, to a TCP port only this host can reach.
 */
const [path = '', address = '', port = ''] = process.argv.slice(2);

const server = createServer({ allowHalfOpen: true }, (near) => {
  const far = connect({ host: address, port: Number(port), allowHalfOpen: true });
  Promise.all([pipeline(near, far), pipeline(far, near)]).catch(() => {
    // Either side may vanish at any time; the other must learn it, and nobody else.
    near.destroy();
    far.destroy();
  });
});
server.listen(path);
