import { systemClock } from '../system.ts';
import { wireLog, wireStores } from '../wiring.ts';
import { chooseMachines, type TerminationAnswer } from './termination.ts';

const termination = { stores: wireStores(), clock: systemClock, log: wireLog('termination') };

export const handler = (event: unknown): Promise<TerminationAnswer> =>
  chooseMachines(termination, event);
