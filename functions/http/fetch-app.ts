/** An application as both adapters run it: hono's `fetch`, and what the adapter knows beside. */
export interface FetchApp<Bindings> {
  readonly fetch: (request: Request, bindings: Bindings) => Response | Promise<Response>;
}

/** Requests carry the path only; who is asked is settled before a function is. */
export const emptyOrigin = 'https://etherfleet.invalid';
