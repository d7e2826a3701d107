/**
 * What the control plane has acknowledged (I2). The lease counts from the moment the last
 * acknowledged heartbeat was *sent*, on this process's monotonic clock: at that moment at the
 * latest the control plane had not begun to count.
 */
export class Lease {
  #renewedMs = Number.NEGATIVE_INFINITY;
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  readonly #onChanged: () => void;

  constructor(onChanged: () => void = () => undefined) {
    this.#onChanged = onChanged;
  }

  /** When the last heartbeat that was ever acknowledged was sent, whatever its epoch. */
  get renewedMs(): number {
    return this.#renewedMs;
  }

  /** When it runs out; minus infinity without an epoch, or before its first heartbeat. */
  get heldUntilMs(): number {
    return this.#heldUntilMs;
  }

  /** A heartbeat sent at `sentMs` was acknowledged. Answers may overtake each other. */
  renewed(sentMs: number, fenceAfterMs: number): void {
    this.#renewedMs = Math.max(this.#renewedMs, sentMs);
    this.#heldUntilMs = Math.max(this.#heldUntilMs, sentMs + fenceAfterMs);
    this.#onChanged();
  }

  held(monotonicMs: number): boolean {
    return monotonicMs < this.#heldUntilMs;
  }

  /** The control plane says that this epoch is over. */
  end(): void {
    this.#heldUntilMs = Number.NEGATIVE_INFINITY;
    this.#onChanged();
  }
}
