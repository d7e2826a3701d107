import * as z from 'zod';

/**
 * Most members that witness for each other (ADR 0003). In a larger cluster lists are incomplete and
 * say so; then no member serves dynamic hubs beyond its lease.
 */
export const peersMax = 1_000;

/** Where a member answers its peers: UDP, on an address they reach it by. */
export const witnessEndpointSchema = z.object({
  address: z.ipv4(),
  port: z.number().int().min(1).max(65_535),
});
export type WitnessEndpoint = z.infer<typeof witnessEndpointSchema>;

/** Base64 of 32 bytes. */
const keySchema = z.base64().length(44);

export const peerSchema = witnessEndpointSchema.extend({
  memberId: z.string().min(1).max(64),
  /** What this peer accepts messages under, from the member this list is made for and no other. */
  key: keySchema,
  /** It can be given hubs: it must be asked. Others are only told of leases. */
  asked: z.boolean(),
});
export type Peer = z.infer<typeof peerSchema>;

/** All other members, made for one member. */
export const peersSchema = z.object({
  /** Changes with the content. */
  version: z.string().min(1).max(64),
  /** The member's own key: what peers send it is under keys made from this one. */
  key: keySchema,
  /** False if some member is missing: it has no endpoint, or there are too many. */
  complete: z.boolean(),
  list: z.array(peerSchema).max(peersMax),
});
export type Peers = z.infer<typeof peersSchema>;
