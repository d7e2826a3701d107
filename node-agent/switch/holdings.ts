/** No entry. */
export const none = -1;

/** What one attachment has in one address table: kept by the table, counted by the switch. */
export class Holdings {
  count = 0;
  /** Head of the chain through the table's entries. */
  first = none;
  /** When entries that aged were last looked for. */
  purgedMs = Number.NEGATIVE_INFINITY;
}
