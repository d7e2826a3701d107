/** Where a rule stands in its list. */
export interface Rank {
  readonly priority: number;
  /** It discards packets, or denies logins. */
  readonly refuses: boolean;
  readonly id: number;
}

/**
 * Compares two rules of a list by which is tried first: the one of lower priority; of equals, the
 * one that lets pass, as in genuine servers; then the one that was given first.
 */
export function compareRanks(one: Rank, other: Rank): number {
  return (
    one.priority - other.priority ||
    Number(one.refuses) - Number(other.refuses) ||
    one.id - other.id
  );
}
