/** Whoever can have one more member started. */
export interface MemberCaller {
  /** `on-the-way`: one was called a moment ago. */
  call(): Promise<'called' | 'on-the-way'>;
}
