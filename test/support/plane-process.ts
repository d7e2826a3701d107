import { FakeControlPlane } from './fake-control-plane.ts';
import { FakeImds } from './fake-imds.ts';

// A fake control plane in a process of its own, for tests that block theirs. It says where it is,
// and, whenever it is asked, how many heartbeats have come.
const plane = await new FakeControlPlane().open();
const imds = await new FakeImds().open();
process.send?.({ plane: plane.url, imds: imds.url });
process.on('message', () => process.send?.({ heartbeats: plane.heartbeats.length }));
process.on('disconnect', () => process.exit(0));
