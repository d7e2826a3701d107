import { behindLoadBalancer } from '../http/load-balancer.ts';
import { systemClock, systemRandom, systemTimers } from '../system.ts';
import { wireLog, wireSecrets, wireStores } from '../wiring.ts';
import { adminApp } from './app.ts';

/** What the load balancer invokes for `/api`. */
export const handler = behindLoadBalancer(
  adminApp({
    stores: wireStores(),
    secrets: wireSecrets(),
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    log: wireLog('admin'),
  }),
);
