/** An application as both adapters run it: hono's `fetch`, with what the adapter knows beside it. */
export interface FetchApp<Bindings> {
  fetch(request: Request, bindings: Bindings): Response | Promise<Response>;
}

/** Requests carry the path only; who is asked is settled before a function is. */
export const emptyOrigin = 'https://etherfleet.invalid';
