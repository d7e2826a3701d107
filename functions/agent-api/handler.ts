import { behindFunctionUrl } from '../http/function-url.ts';
import { systemClock } from '../system.ts';
import { wireLog, wireSecrets, wireStores, wireWatchdogQueue } from '../wiring.ts';
import { agentApiApp } from './app.ts';

export const handler = behindFunctionUrl(
  agentApiApp({
    stores: wireStores(),
    watchdogQueue: wireWatchdogQueue(),
    clock: systemClock,
    log: wireLog('agent-api'),
    witnessKey: wireSecrets().witnessKey,
  }),
);
