import * as z from 'zod';

/**
 * Most entries of a hub's access list. Genuine servers take 32,768; here the list must fit in one
 * answer of the agent API.
 */
export const accessRulesMax = 4_096;
/** Most entries of a hub's source-IP list (protocol/06 §1). */
export const sourceRulesMax = 4_096;

const ip4 = z.string().regex(/^[0-9a-f]{8}$/, '4 bytes, hex');
const ip6 = z.string().regex(/^[0-9a-f]{32}$/, '16 bytes, hex');
const mac = z.string().regex(/^[0-9a-f]{12}$/, '6 bytes, hex');
const port = z.number().int().min(0).max(65_535);
const percent = z.number().int().min(0).max(100);

/** An address and the bits of it that count, hex; masks need not be contiguous. */
const maskedOf = <T extends z.ZodType>(address: T) => z.object({ address, mask: address });
/** 4 or 16 bytes, both alike. */
const maskedIp = z.union([maskedOf(ip4), maskedOf(ip6)]);
const portRange = z.object({ first: port, last: port });
/** A user's or a group's name; `@name` a group's only. */
const principal = z.string().min(1).max(255);

const accessRuleFields = z.object({
  id: z.number().int().positive(),
  /** Left out: active. */
  active: z.boolean().optional(),
  /**
   * Rules are tried in ascending order of priority, of equals those that pass first, then by id;
   * the first match decides.
   */
  priority: z.number().int().nonnegative(),
  discard: z.boolean(),
  /** Which packets a rule with an address, a protocol, ports or a TCP state speaks of. */
  ipVersion: z.union([z.literal(4), z.literal(6)]),
  /** 4 or 16 bytes, as {@link ipVersion} says. */
  source: maskedIp.optional(),
  destination: maskedIp.optional(),
  /** IP protocol number; left out or 0: any. */
  protocol: z.number().int().min(0).max(255).optional(),
  /** Only TCP and UDP have any. */
  sourcePorts: portRange.optional(),
  destinationPorts: portRange.optional(),
  sourceUser: principal.optional(),
  /** From the first rule with one on, rules are tried for each receiver; only discards count. */
  destinationUser: principal.optional(),
  sourceMac: maskedOf(mac).optional(),
  destinationMac: maskedOf(mac).optional(),
  /** `opening`: SYN without ACK; `established`: every other TCP segment. */
  tcpState: z.enum(['opening', 'established']).optional(),
  /** What passes is held back so long ... */
  delayMs: z.number().int().min(0).max(10_000).optional(),
  /** ... give or take at most so much of it ... */
  jitterPercent: percent.optional(),
  /** ... unless it is lost. */
  lossPercent: percent.optional(),
  /** TCP data is answered with an HTTP redirect to here, even where all else is discarded. */
  redirectUrl: z.string().min(1).max(255).optional(),
});

/**
 * One entry of a hub's access list (protocol/06 §6). What is left out matches anything. A rule that
 * could never match as it was meant is refused: a discard would let everything pass.
 */
export const accessRuleSchema = accessRuleFields.superRefine((rule, context) => {
  const digits = rule.ipVersion === 4 ? 8 : 32;
  for (const field of ['source', 'destination'] as const) {
    const given = rule[field];
    if (given !== undefined && given.address.length !== digits) {
      context.addIssue({ code: 'custom', message: `${field} is no IPv${rule.ipVersion} address` });
    }
  }
  for (const field of ['sourcePorts', 'destinationPorts'] as const) {
    const given = rule[field];
    if (given !== undefined && given.first > given.last) {
      context.addIssue({ code: 'custom', message: `${field} end before they begin` });
    }
  }
});
export type AccessRule = Readonly<z.infer<typeof accessRuleSchema>>;

/** One entry of a hub's source-IP list: who may log in from where (protocol/06 §6). */
export const sourceRuleSchema = z
  .object({
    id: z.number().int().positive(),
    priority: z.number().int().nonnegative(),
    deny: z.boolean(),
    /** 4 or 16 bytes, hex. */
    address: z.union([ip4, ip6]),
    /** As long as the address; left out: exactly this address. */
    mask: z.union([ip4, ip6]).optional(),
  })
  .refine(({ address, mask }) => mask === undefined || mask.length === address.length, {
    message: 'address and mask are of different kinds',
  });
export type SourceRule = Readonly<z.infer<typeof sourceRuleSchema>>;
