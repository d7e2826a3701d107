import { onBatch } from '../queue/batch.ts';
import { watchMessage } from '../store/watch-message.ts';
import { systemClock, systemRandom } from '../system.ts';
import { wireLog, wireMachineGroup, wireStores, wireWatchdogQueue } from '../wiring.ts';
import { watch } from './watchdog.ts';

const log = wireLog('watchdog');
const watchdog = {
  stores: wireStores(),
  group: wireMachineGroup(),
  queue: wireWatchdogQueue(),
  clock: systemClock,
  random: systemRandom,
  log,
};

export const handler = onBatch(log, (body) => watch(watchdog, watchMessage.decode(body)));
