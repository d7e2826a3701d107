import * as z from 'zod';
import { hubNameSchema } from './hub.ts';

/** Most addresses one finding lists, those seen last; and what its list may take as JSON. */
export const foundAddressesMax = 4_096;
export const foundBytesMax = 256 * 1024;
/** Findings in one heartbeat. */
export const findingsMax = 8;

/** A hub's tables of learned addresses. */
export const addressTables = ['mac', 'ip'] as const;
export type AddressTableName = (typeof addressTables)[number];

const id = z.string().min(1).max(64);
const time = z.number().int().nonnegative();
const uint32 = z.number().int().min(0).max(0xffff_ffff);

/**
 * What an administrator asks of one hub on one member (ADR 0033): its addresses, or, with
 * `forget`, to forget the one that was listed under that key. After `untilMs`, of the control
 * plane's clock, nobody waits for the finding.
 */
export const inquirySchema = z.object({
  kind: z.literal('inquire'),
  id,
  hub: hubNameSchema,
  table: z.enum(addressTables),
  forget: uint32.optional(),
  untilMs: time,
});
export type Inquiry = z.infer<typeof inquirySchema>;

/** Key, text, VLAN, place of the session's name among the owners, created and seen, leased. */
const foundAddressSchema = z.tuple([
  uint32,
  z.string().max(39),
  z.number().int().min(0).max(4_095),
  z.number().int().min(0).max(foundAddressesMax),
  time,
  time,
  z.boolean(),
]);
export type FoundAddress = z.infer<typeof foundAddressSchema>;

/** What a member found. `total` counts what is in the table, listed or not. */
export const findingSchema = z.object({
  id,
  total: z.number().int().nonnegative(),
  forgotten: z.boolean(),
  /** Names of sessions. */
  owners: z.array(z.string().max(255)).max(foundAddressesMax),
  addresses: z.array(foundAddressSchema).max(foundAddressesMax),
});
export type Finding = z.infer<typeof findingSchema>;
