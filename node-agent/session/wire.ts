/** The socket under a connection, as a session sees it. */
export interface Wire {
  /** Never blocks; what the socket cannot take yet adds to {@link bufferedBytes}. */
  write(bytes: Buffer): void;
  /** Bytes written and not yet taken by the kernel. */
  readonly bufferedBytes: number;
  /** End in order: what was written, then TLS close_notify, then FIN (protocol/04 §4). */
  end(): void;
}
