import type { Random } from '#shared/kernel/random.ts';
import type { CredentialRegistry } from './iam/credential-registry.ts';
import type { IdentityPolicies } from './iam/identity-policies.ts';
import { policyHolder, type User } from './iam/principal.ts';
import type { ServiceEndpoints } from './lambda/local-functions.ts';
import { place } from './template/place.ts';

/** With what the person who started the cluster asks its services, as with their own account. */
export interface Operator {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly endpoints: ServiceEndpoints;
}

const user: User = {
  kind: 'user',
  userName: 'operator',
  userId: 'AIDAOPERATOR00000000',
  path: '/',
};

/** Like an administrator of an AWS account, the operator may do everything. */
export const operatorPolicies: readonly [string, IdentityPolicies] = [
  policyHolder(user),
  {
    statements: [{ Effect: 'Allow', Action: ['*'], Resource: ['*'], source: 'operator' }],
    policies: [],
  },
];

export function admitOperator(
  registry: CredentialRegistry,
  random: Random,
  endpoints: ServiceEndpoints,
): Operator {
  const key = {
    accessKeyId: `AKIA${random.bytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: random.bytes(30).toString('base64'),
  };
  registry.admit(user, key);
  return { ...key, region: place.region, endpoints };
}

/** For a shell: `. operator.env`, then the AWS CLI speaks to this cluster. */
export function operatorEnvironment(operator: Operator): string {
  const { accessKeyId, secretAccessKey, region, endpoints } = operator;
  const variables = {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: region,
    AWS_ENDPOINT_URL_ACM: endpoints.acm,
    AWS_ENDPOINT_URL_AUTO_SCALING: endpoints.autoScaling,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsManager,
    AWS_ENDPOINT_URL_SQS: endpoints.sqs,
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'`);
  return ['unset AWS_SESSION_TOKEN AWS_PROFILE', ...lines, ''].join('\n');
}
