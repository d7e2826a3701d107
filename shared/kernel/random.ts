/** Randomness as it is passed in: cryptographic in production, seeded in tests. */
export interface Random {
  /** `size` unpredictable bytes. */
  bytes(size: number): Buffer;
  /** Uniform in [0, 1). */
  fraction(): number;
}

/** Uniform integer in [0, limit). */
export function below(random: Random, limit: number): number {
  return Math.floor(random.fraction() * limit);
}

/** Uniform in [low, high). */
export function between(random: Random, low: number, high: number): number {
  return low + random.fraction() * (high - low);
}
