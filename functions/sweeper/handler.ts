import { onBatch } from '../queue/batch.ts';
import { systemClock } from '../system.ts';
import {
  wireCluster,
  wireLog,
  wireMachineGroup,
  wireStores,
  wireSweeperQueue,
  wireWatchdogQueue,
} from '../wiring.ts';
import { sweeperMessages } from './message.ts';
import { onMessage } from './sweeper.ts';

const log = wireLog('sweeper');
const sweeper = {
  stores: wireStores(),
  group: wireMachineGroup(),
  queue: wireSweeperQueue(),
  watchdogQueue: wireWatchdogQueue(),
  clock: systemClock,
  log,
  cluster: wireCluster(),
};

export const handler = onBatch(log, (body) => onMessage(sweeper, sweeperMessages.decode(body)));
