/** Whoever can have a first member started. */
export interface MemberCaller {
  /** `on-the-way`: there is to be one anyway. */
  call(): Promise<'called' | 'on-the-way'>;
}
