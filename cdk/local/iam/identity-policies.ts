import { z } from 'zod';
import type { ResolvedResource, Stack } from '../template/stack.ts';
import { TemplateError } from '../template/template.ts';
import { policyDocumentSchema, type SourcedStatement, type Statement } from './policy.ts';

const inlinePolicy = z.object({ PolicyDocument: policyDocumentSchema });
const holderSchema = z.object({
  Policies: z.array(inlinePolicy).default([]),
  ManagedPolicyArns: z.array(z.string()).default([]),
  Groups: z.array(z.string()).default([]),
});
const policySchema = inlinePolicy.extend({
  Roles: z.array(z.string()).default([]),
  Users: z.array(z.string()).default([]),
  Groups: z.array(z.string()).default([]),
});

/** AWS's own policies this machine knows, and what they allow that matters here. */
const managedPolicies: Readonly<Record<string, readonly Statement[]>> = {
  'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole': [
    { Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: ['*'] },
  ],
};

/** What somebody may do, and where in the template that would have to be said. */
export interface IdentityPolicies {
  readonly statements: readonly SourcedStatement[];
  /** Logical ids of the policies of this identity, or its own. */
  readonly policies: readonly string[];
}

/** What each role and user of the template may do, by `role NAME` and `user NAME`. */
export function identityPolicies(stack: Stack): ReadonlyMap<string, IdentityPolicies> {
  const attached = attachedPolicies(stack);
  const groups = new Map(
    stack.ofType('AWS::IAM::Group').map((group) => {
      return [group.ref, policiesOf(stack, group, attached.get(`group ${group.ref}`) ?? [])];
    }),
  );
  const ofKind = (kind: 'role' | 'user', type: string) =>
    stack.ofType(type).map((holder) => {
      const key = `${kind} ${holder.ref}`;
      const own = policiesOf(stack, holder, attached.get(key) ?? []);
      const inherited = holderSchema.parse(holder.properties).Groups.map((name) => {
        const group = groups.get(name);
        if (group === undefined) throw new TemplateError(`${holder.logicalId}: no group ${name}`);
        return group;
      });
      const all = [own, ...inherited];
      return [
        key,
        {
          statements: all.flatMap(({ statements }) => statements),
          policies: all.flatMap(({ policies }) => policies),
        },
      ] as const;
    });
  return new Map([...ofKind('role', 'AWS::IAM::Role'), ...ofKind('user', 'AWS::IAM::User')]);
}

/** Policies that name their holders, by holder. */
function attachedPolicies(stack: Stack): ReadonlyMap<string, readonly ResolvedResource[]> {
  const known = new Set(
    (['Role', 'User', 'Group'] as const).flatMap((kind) =>
      stack.ofType(`AWS::IAM::${kind}`).map(({ ref }) => `${kind.toLowerCase()} ${ref}`),
    ),
  );
  const attached = new Map<string, ResolvedResource[]>();
  for (const type of ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy']) {
    for (const policy of stack.ofType(type)) {
      const { Roles: roles, Users: users, Groups: groups } = policySchema.parse(policy.properties);
      const holders = [
        ...roles.map((name) => `role ${name}`),
        ...users.map((name) => `user ${name}`),
        ...groups.map((name) => `group ${name}`),
      ];
      for (const holder of holders) {
        if (!known.has(holder)) throw new TemplateError(`${policy.logicalId}: no ${holder}`);
        attached.set(holder, [...(attached.get(holder) ?? []), policy]);
      }
    }
  }
  return attached;
}

function policiesOf(
  stack: Stack,
  holder: ResolvedResource,
  attached: readonly ResolvedResource[],
): IdentityPolicies {
  const { Policies: inline, ManagedPolicyArns: arns } = holderSchema.parse(holder.properties);
  const own = stack.ofType('AWS::IAM::ManagedPolicy').filter(({ ref }) => arns.includes(ref));
  const policies = [...attached, ...own];
  return {
    statements: [
      ...inline.flatMap(({ PolicyDocument: document }, index) =>
        sourced(document.Statement, `${holder.logicalId}.Policies[${index}]`),
      ),
      ...arns
        .filter((arn) => !own.some(({ ref }) => ref === arn))
        .flatMap((arn) => sourced(managedPolicy(arn, holder.logicalId), arn)),
      ...policies.flatMap(({ logicalId, properties }) =>
        sourced(policySchema.parse(properties).PolicyDocument.Statement, logicalId),
      ),
    ],
    policies: policies.length > 0 ? policies.map(({ logicalId }) => logicalId) : [holder.logicalId],
  };
}

function sourced(statements: readonly Statement[], source: string): SourcedStatement[] {
  return statements.map((statement, index) => ({
    ...statement,
    source: `${source}.Statement[${index}]`,
  }));
}

function managedPolicy(arn: string, holder: string): readonly Statement[] {
  const statements = managedPolicies[arn];
  if (statements === undefined) {
    throw new TemplateError(
      `${holder}: the local stack does not know the managed policy ${arn} (cdk/local/iam)`,
    );
  }
  return statements;
}
