import { onBatch } from '../queue/batch.ts';
import { systemClock } from '../system.ts';
import { wireLifecycleQueue, wireLog, wireMachineGroup, wireStores } from '../wiring.ts';
import { onMessage } from './lifecycle.ts';
import { lifecycleMessage } from './message.ts';

const log = wireLog('lifecycle');
const lifecycle = {
  stores: wireStores(),
  group: wireMachineGroup(),
  queue: wireLifecycleQueue(),
  clock: systemClock,
  log,
};

export const handler = onBatch(log, (body) => onMessage(lifecycle, lifecycleMessage.decode(body)));
