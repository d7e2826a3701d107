import type { IdentityPolicies } from './identity-policies.ts';
import { type AccessRequest, decideAccess, type SourcedStatement } from './policy.ts';

/**
 * Why a request is not allowed, and the line that would have to be in the template; `undefined` if
 * it is allowed.
 */
export function explainRefusal(
  holder: string,
  identity: IdentityPolicies | undefined,
  request: AccessRequest,
): string | undefined {
  const statements = identity?.statements ?? [];
  const decision = decideAccess(statements, request);
  if (decision === 'allowed') return undefined;
  if (decision === 'denied explicitly') {
    const denying = statements.find(
      (statement) => decideAccess([statement], request) === 'denied explicitly',
    );
    return `denied by ${denying?.source}`;
  }
  const near = nearest(statements, request);
  return (
    `${holder} lacks the policy line ${lineOf(request)} in ` +
    `${(identity?.policies ?? ['a policy of its own']).join(' or ')}` +
    (near === undefined ? '' : `; ${near}`)
  );
}

/** The statement as it would be written. */
function lineOf({ action, resource, context }: AccessRequest): string {
  const statement = { Effect: 'Allow', Action: action, Resource: resource };
  const conditions = Object.keys(context ?? {}).join(', ');
  return (
    JSON.stringify(statement) + (conditions === '' ? '' : ` (a condition may ask ${conditions})`)
  );
}

/** A statement that would do but for its resource or its condition. */
function nearest(
  statements: readonly SourcedStatement[],
  request: AccessRequest,
): string | undefined {
  for (const statement of statements) {
    const { Condition: condition, ...rest } = statement;
    if (decideAccess([rest], request) === 'allowed') {
      return `the condition of ${statement.source} does not hold: ${JSON.stringify(condition)}`;
    }
  }
  for (const statement of statements) {
    const anywhere = { ...statement, Resource: ['*'] };
    if (decideAccess([anywhere], request) === 'allowed') {
      return `${statement.source} allows it for ${statement.Resource.join(', ')} only`;
    }
  }
  return undefined;
}
