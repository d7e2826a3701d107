import { rpcAnswerBytesMax, rpcCallBytesMax } from '#shared/contract/admin-relay.ts';
import { peersMax } from '#shared/contract/peers.ts';
import { ticketTtlMs } from '#shared/contract/timing.ts';
import { assert } from '#shared/kernel/assert.ts';
import type { AdminRelayLimits } from './admin/admin-relay.ts';
import type { ForgedTicketLimits } from './control/forged-tickets.ts';
import type { SendBudgetLimits } from './session/send-budget.ts';
import type { SessionLimits } from './session/session-limits.ts';

/** Bounds of the listener: what a stranger may cost us before showing a ticket. */
export interface ListenerLimits {
  /** Sockets that are not read yet; a thousand clients behind one address may come back at once. */
  readonly arrivalsMax: number;
  readonly arrivalsPerAddressMax: number;
  /** Handshakes that begin in one turn; one, if the last turn was longer than it may be. */
  readonly beginsPerTurn: number;
  readonly turnMsMax: number;
  readonly lookAgainMs: number;
  /** Connections without a session, over all addresses and from one; the oldest makes room. */
  readonly waitingMax: number;
  readonly waitingPerAddressMax: number;
  /** While others can be kept outside, nobody is pushed out who has waited for less. */
  readonly patienceMs: number;
  /** TCP accept to the end of the TLS handshake. */
  readonly handshakeMs: number;
  /** Each HTTP request, from the end of the last answer to its last byte. */
  readonly requestMs: number;
  /** TCP accept to session, all together. */
  readonly negotiationMs: number;
  /** A client that does not answer a renegotiation gets its frames after this long all the same. */
  readonly cureMs: number;
  /** An ended socket may take this long to flush and to hear the peer's FIN. */
  readonly lingerMs: number;
  /** Sockets that linger; beyond, the oldest is cut off. */
  readonly lingeringMax: number;
  /** What clients that leave may cost in one turn. */
  readonly departuresMs: number;
  /** Lines of the log about those who are turned away, for each reason. */
  readonly rejectsPerMinuteMax: number;
  /** Sockets in all, sessions included; the process may open so many files and some more. */
  readonly socketsMax: number;
  readonly backlog: number;
}

export const listenerLimits: ListenerLimits = {
  arrivalsMax: 8_192,
  arrivalsPerAddressMax: 2_048,
  beginsPerTurn: 4,
  turnMsMax: 8,
  lookAgainMs: 20,
  waitingMax: 1024,
  waitingPerAddressMax: 256,
  patienceMs: 3_000,
  handshakeMs: 10_000,
  requestMs: 15_000,
  negotiationMs: 60_000,
  cureMs: 2_000,
  lingerMs: 3_000,
  lingeringMax: 4096,
  departuresMs: 2,
  rejectsPerMinuteMax: 300,
  socketsMax: 64_000,
  backlog: 1024,
};

/** protocol/05 §2 has what genuine programs allow; a session here may hold about half of it. */
export const sessionLimits: SessionLimits = {
  sendQueue: { framesMax: 1024, bytesMax: 1_280_000 },
  batchBytesMax: 261_120,
  wireBytesMax: 16_384,
  wireBytesMin: 16_384,
  autoDisconnectGraceMs: 10_000,
};

const mebibyte = 1024 * 1024;

/**
 * What may wait for slow receivers, in queues and socket buffers: on one hub, and on the member. A
 * session may exceed what is left by `leastBytes` and as much in its sockets (`wireBytesMin` each).
 */
export const hubSendBudget: SendBudgetLimits = { bytesMax: 64 * mebibyte, leastBytes: 32_768 };
export const memberSendBudget: SendBudgetLimits = { bytesMax: 128 * mebibyte, leastBytes: 32_768 };

/** What rules of access lists may hold back, on the whole member (protocol/06 §6). */
export const heldBytesMax = 16 * mebibyte;

export const hubLimits = {
  hubsMax: 10_000,
  idleReleaseMs: 60_000,
  closedEpochMs: 2 * ticketTtlMs,
  /** Sessions of a hub that may not forward are closed after this long: elsewhere they can. */
  fencedCloseMs: 15_000,
  sweepEveryMs: 5_000,
  /** A hub claimed for a member whose lease is not fresh is opened this much later at most. */
  openWaitMs: 4_000,
  openLookEveryMs: 25,
} as const;

export const controlLimits = {
  joinMs: 10_000,
  /** A client waits 15 s for the answer to its login. */
  redeemMs: 8_000,
  retryMsMin: 1_000,
  retryMsMax: 10_000,
  /** Heartbeats that cannot wait for the next period keep at least this distance. */
  nudgeMs: 200,
  metadataMs: 2_000,
  metadataTries: 5,
  answerBytesMax: 4 * 1024 * 1024,
  socketsMax: 32,
  /** How often the data plane's thread shows that it moves, and says what has changed. */
  pulseEveryMs: 200,
  /** A data plane that has not moved for so long loses its lease: it must not hold hubs. */
  stallMs: 3_000,
  /** And then its process. While others serve on its machine, nobody replaces that. */
  stallMsMax: 30_000,
  hurryMs: 500,
  learnedMax: 64,
  learnedKeptMs: 30_000,
  /** Questions and answers of the largest cluster, twice, in one period. */
  datagramsMax: 4 * peersMax,
} as const;

/** Two forgeries a second and address cost the control plane a quarter of a dollar a day. */
export const forgedTicketLimits: ForgedTicketLimits = {
  forgedMax: 1_000,
  forgottenPerSecond: 2,
  addressesMax: 4_096,
};

/** Each administrator has one call under way at most, which keeps one of the sockets above. */
export const adminLimits: AdminRelayLimits = {
  linesMax: 16,
  linesPerAddressMax: 8,
  loginMs: 8_000,
  challengeMs: 45_000,
  frameBytesMax: rpcCallBytesMax,
  untakenBytesMax: rpcAnswerBytesMax,
  frameMs: 30_000,
  callMs: 25_000,
  takeMs: 60_000,
  idleMs: 900_000,
  guesses: { forgedMax: 60, forgottenPerSecond: 0.5, addressesMax: 4_096 },
};

export const drainLimits = {
  /** One step closes a handful of sessions; steps are jittered around this distance. */
  stepMs: 25,
  sessionsPerStepMin: 5,
  /** However many sessions there are, closing them all takes about this long. */
  spreadMs: 8_000,
  /** Closed clients try to add connections for about a second each; they must hear error 13. */
  graceMs: 3_000,
  deadlineMs: 30_000,
} as const;

/** How often drops are summarised in the log. */
export const summaryEveryMs = 60_000;

assert(hubLimits.closedEpochMs > ticketTtlMs, 'a closed epoch is remembered longer than tickets');
assert(drainLimits.spreadMs + drainLimits.graceMs < drainLimits.deadlineMs, 'a drain can finish');
