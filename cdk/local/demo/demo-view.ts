/** What the demo shows at one moment: plain values, ready to be drawn. */
export interface DemoView {
  /** What is happening, as a sentence. */
  readonly headline: string;
  readonly members: readonly MemberRow[];
  readonly hubs: readonly HubRow[];
  readonly clients: readonly ClientRow[];
  readonly framesPerSecond: number;
  readonly bytesPerSecond: number;
}

export interface MemberRow {
  readonly id: string;
  readonly endpoint: string;
  readonly state: string;
  /** As the control plane knows them. */
  readonly sessions: number;
}

export interface HubRow {
  readonly name: string;
  readonly kind: 'static' | 'dynamic';
  /** Ids of the members with sessions on it. */
  readonly members: readonly string[];
  readonly sessions: number;
}

export interface ClientRow {
  readonly name: string;
  readonly hub: string;
  /** The member it is on, or was last; empty before the first. */
  readonly member: string;
  readonly connected: boolean;
  readonly state: string;
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  readonly roundTripMs: number | undefined;
}
