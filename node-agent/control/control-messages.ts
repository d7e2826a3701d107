import type { Desired } from '#shared/contract/heartbeat.ts';
import type { JoinRequest } from '#shared/contract/member.ts';
import type { Observation } from './heartbeat.ts';
import type { ReportBatch } from './reports.ts';

/** What the data plane looks like: for the next heartbeats, until there is a newer one. */
export interface Snapshot {
  readonly id: number;
  /** The lists are of this epoch; another one has nothing to do with them. */
  readonly epoch: number | undefined;
  readonly observation: Observation;
  readonly batch: ReportBatch;
}

/** From the data plane's thread to control's. */
export type ToControl =
  | { readonly kind: 'start'; readonly joinRequest: JoinRequest }
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly kind: 'nudge' }
  | { readonly kind: 'stop' };

/** From control's thread to the data plane's. They arrive in the order they were sent. */
export type FromControl =
  | { readonly kind: 'joined'; readonly epoch: number }
  | { readonly kind: 'desired'; readonly desired: Desired }
  | { readonly kind: 'acknowledged'; readonly snapshotId: number }
  | { readonly kind: 'epoch-over' }
  | { readonly kind: 'terminated' };

/** One end of the way between the two threads. */
export interface ControlLink<Out, In> {
  post(message: Out): void;
  listen(onMessage: (message: In) => void): void;
}

/** Memory both threads look at; see {@link ExclusiveRight} and {@link Pulse}. */
export interface SharedState {
  readonly right: SharedArrayBuffer;
  readonly pulse: SharedArrayBuffer;
}
