/** Something that reads what strangers send. */
export interface Target {
  readonly name: string;
  /** Good inputs, to begin with. */
  readonly seeds: readonly Buffer[];
  /** Source files that the guided search tries to reach all of. */
  readonly files: RegExp;
  /** Read one input. @throws whatever is a fault, never because the input is bad */
  readonly run: (input: Buffer) => void;
}
