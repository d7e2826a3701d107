/** Bounds of what a group of sessions may have waiting for slow receivers. */
export interface SendBudgetLimits {
  readonly bytesMax: number;
  /** What a session may have waiting whatever the others have. */
  readonly leastBytes: number;
}

/** Of what is free, one session may have this share waiting. */
const share = 1 / 16;

/**
 * What the sessions of a hub, or of the member, may have waiting together. The fuller it is the
 * less each may keep, so that whoever reads nothing gives up its own frames and never a reader's:
 * the dynamic threshold of shared-memory switches (Choudhury and Hahne 1998). It is exceeded at
 * most by `leastBytes` for each session.
 */
export class SendBudget {
  readonly #limits: SendBudgetLimits;
  readonly #parent: SendBudget | undefined;
  #usedBytes = 0;

  /** @param parent holds these bytes too: the member's budget, for a hub's. */
  constructor(limits: SendBudgetLimits, parent?: SendBudget) {
    this.#limits = limits;
    this.#parent = parent;
  }

  /** What one session may have waiting at any time. */
  get leastBytes(): number {
    const { leastBytes } = this.#limits;
    return Math.min(leastBytes, this.#parent?.leastBytes ?? leastBytes);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** What one session may have waiting now. */
  get allowanceBytes(): number {
    const { bytesMax, leastBytes } = this.#limits;
    const own = Math.max(leastBytes, (bytesMax - this.#usedBytes) * share);
    return this.#parent === undefined ? own : Math.min(own, this.#parent.allowanceBytes);
  }

  take(bytes: number): void {
    this.#usedBytes += bytes;
    this.#parent?.take(bytes);
  }

  give(bytes: number): void {
    this.take(-bytes);
  }
}
