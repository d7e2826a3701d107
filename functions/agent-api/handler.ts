import { behindFunctionUrl } from '../http/function-url.ts';
import { systemClock, systemRandom, systemTimers } from '../system.ts';
import { wireLog, wireSecrets, wireStores, wireWatchdogQueue } from '../wiring.ts';
import { agentApiApp } from './app.ts';

const secrets = wireSecrets();

export const handler = behindFunctionUrl(
  agentApiApp({
    stores: wireStores(),
    watchdogQueue: wireWatchdogQueue(),
    secrets,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    log: wireLog('agent-api'),
    witnessKey: secrets.witnessKey,
    adminChallengeKey: secrets.adminChallengeKey,
  }),
);
