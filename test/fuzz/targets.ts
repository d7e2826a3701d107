import { hubTarget, packetTarget } from './switch-targets.ts';
import type { Target } from './target.ts';
import { httpTarget, packTarget, streamTarget } from './wire-targets.ts';

export const targets: readonly Target[] = [
  packTarget,
  httpTarget,
  streamTarget,
  packetTarget,
  hubTarget,
];
