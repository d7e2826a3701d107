/** What a peer did wrong. Stable: logged, counted and matched on, never the message. */
export type WireErrorCode =
  | 'pack-truncated'
  | 'pack-over-limit'
  | 'pack-bad-name'
  | 'pack-bad-type'
  | 'pack-duplicate-name'
  | 'pack-empty-element'
  | 'message-field-missing'
  | 'message-field-invalid'
  | 'http-malformed'
  | 'http-over-limit'
  | 'http-unsupported'
  | 'stream-block-over-limit'
  | 'stream-keep-alive-over-limit';

/** A peer broke the protocol. It ends that peer's connection and nothing else. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code: WireErrorCode;

  constructor(code: WireErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
