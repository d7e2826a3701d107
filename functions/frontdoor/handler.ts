import { behindLoadBalancer } from '../http/load-balancer.ts';
import { systemClock, systemRandom } from '../system.ts';
import { wireCalling, wireLog, wireSecrets, wireStores } from '../wiring.ts';
import { frontDoorApp } from './app.ts';

export const handler = behindLoadBalancer(
  frontDoorApp({
    stores: wireStores(),
    clock: systemClock,
    random: systemRandom,
    log: wireLog('frontdoor'),
    secrets: wireSecrets(),
    calling: wireCalling(),
  }),
);
