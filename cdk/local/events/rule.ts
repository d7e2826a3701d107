import { z } from 'zod';
import type { Stack } from '../template/stack.ts';
import { TemplateError } from '../template/template.ts';

/** Texts a field may have, or patterns of the fields within. */
type Pattern = { readonly [field: string]: readonly string[] | Pattern };

// Prefixes, numbers, "anything-but" and their like are not known here: such a pattern is an error.
const patternSchema: z.ZodType<Pattern> = z.record(
  z.string(),
  z.union([z.array(z.string()), z.lazy(() => patternSchema)]),
);
const ruleSchema = z.strictObject({
  Description: z.string().optional(),
  State: z.literal('ENABLED'),
  EventPattern: patternSchema.optional(),
  ScheduleExpression: z.string().optional(),
  Targets: z.array(
    z.strictObject({ Arn: z.string(), Id: z.string(), Input: z.string().optional() }),
  ),
});

/** A rule of the template: what it waits for, and where it sends that. */
export interface EventRule {
  readonly arn: string;
  /** The events it wants; a schedule wants none. */
  readonly pattern: Pattern | undefined;
  readonly everyMs: number | undefined;
  /** `input` replaces the event. */
  readonly targets: readonly { readonly arn: string; readonly input: string | undefined }[];
}

export function eventRules(stack: Stack): EventRule[] {
  return stack.ofType('AWS::Events::Rule').map(({ logicalId, attribute, properties }) => {
    const rule = ruleSchema.parse(properties);
    return {
      arn: attribute('Arn'),
      pattern: rule.EventPattern,
      everyMs:
        rule.ScheduleExpression === undefined
          ? undefined
          : periodOf(rule.ScheduleExpression, logicalId),
      targets: rule.Targets.map(({ Arn: arn, Input: input }) => ({ arn, input })),
    };
  });
}

const unitsMs: Readonly<Record<string, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** `rate(5 minutes)`. */
function periodOf(expression: string, logicalId: string): number {
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const unitMs = unitsMs[unit ?? ''];
  if (count === undefined || unitMs === undefined) {
    throw new TemplateError(`${logicalId}: the local stack does not know ${expression}`);
  }
  return Number(count) * unitMs;
}

/** EventBridge's rule: every field named must have one of the texts named. */
export function matchesPattern(pattern: Pattern, event: unknown): boolean {
  if (typeof event !== 'object' || event === null) return false;
  const fields = event as Readonly<Record<string, unknown>>;
  return Object.entries(pattern).every(([name, wanted]) => {
    const value = fields[name];
    if (Array.isArray(wanted)) return typeof value === 'string' && wanted.includes(value);
    return matchesPattern(wanted as Pattern, value);
  });
}
