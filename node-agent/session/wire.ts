/** The socket under a connection, as a session sees it. */
export interface Wire {
  /**
   * Never blocks; what the socket cannot take yet adds to {@link bufferedBytes}. `onTaken` comes
   * later, when the kernel has them all, and not at all if that never happens.
   */
  write(bytes: Buffer, onTaken?: () => void): void;
  /** Bytes written and not yet taken by the kernel. */
  readonly bufferedBytes: number;
  /** End in order: what was written, then TLS close_notify, then FIN (protocol/04 §4). */
  end(): void;
}
