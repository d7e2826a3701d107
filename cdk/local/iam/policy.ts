import { z } from 'zod';

const oneOrMore = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === 'string' ? [value] : value));

/** One statement of a policy document. What it may not contain here, it may not contain at all. */
export const statementSchema = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: oneOrMore,
  Resource: oneOrMore,
  Condition: z.record(z.string(), z.record(z.string(), oneOrMore)).optional(),
});
export type Statement = z.infer<typeof statementSchema>;

/** A statement, and where in the template it is. */
export interface SourcedStatement extends Statement {
  readonly source: string;
}

export const policyDocumentSchema = z.object({ Statement: z.array(statementSchema) });

/** What somebody wants to do. */
export interface AccessRequest {
  /** `service:Operation`. */
  readonly action: string;
  readonly resource: string;
  /** Condition keys the service sets, e.g. `lambda:FunctionUrlAuthType`. */
  readonly context?: Readonly<Record<string, string>>;
}

export type Decision = 'allowed' | 'denied explicitly' | 'not allowed';

/** IAM's rule for one account: a Deny wins, else an Allow is needed, else no. */
export function decideAccess(statements: readonly Statement[], request: AccessRequest): Decision {
  const applying = statements.filter((statement) => applies(statement, request));
  if (applying.some(({ Effect: effect }) => effect === 'Deny')) return 'denied explicitly';
  return applying.length > 0 ? 'allowed' : 'not allowed';
}

function applies(statement: Statement, request: AccessRequest): boolean {
  return (
    statement.Action.some((pattern) => matches(pattern, request.action, 'i')) &&
    statement.Resource.some((pattern) => matches(pattern, request.resource, '')) &&
    Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
      Object.entries(keys).every(([key, allowed]) =>
        conditionHolds(operator, request.context?.[key], allowed),
      ),
    )
  );
}

/** A key that is absent fails every operator known here, as in IAM. */
function conditionHolds(
  operator: string,
  actual: string | undefined,
  allowed: readonly string[],
): boolean {
  const test = conditionOperators[operator];
  if (test === undefined) throw new Error(`unknown IAM condition operator ${operator}`);
  return actual !== undefined && allowed.some((value) => test(value, actual));
}

const conditionOperators: Readonly<Record<string, (allowed: string, actual: string) => boolean>> = {
  StringEquals: (allowed, actual) => allowed === actual,
  StringLike: (allowed, actual) => matches(allowed, actual, ''),
  Bool: (allowed, actual) => allowed.toLowerCase() === actual.toLowerCase(),
  ArnEquals: (allowed, actual) => matches(allowed, actual, ''),
  ArnLike: (allowed, actual) => matches(allowed, actual, ''),
};

/** `*` is any text, `?` any one character. */
function matches(pattern: string, text: string, flags: 'i' | ''): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`, `s${flags}`).test(text);
}
