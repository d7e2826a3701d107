/** A message to ourselves, later: every wait of the control plane is one of these. */
export interface DelayQueue {
  /** `delaySeconds` is rounded up to whole seconds, at most 900. May be delivered twice. */
  send(body: string, delaySeconds: number): Promise<void>;
}
