import { devNull } from 'node:os';
import { z } from 'zod';
import type { CredentialRegistry } from '../iam/credential-registry.ts';
import { assertTrusts } from '../iam/trust.ts';
import type { Assembly } from '../synth/assembly.ts';
import { place } from '../template/place.ts';
import type { Stack } from '../template/stack.ts';
import { TemplateError } from '../template/template.ts';
import type { LocalFunction } from './function-process.ts';

const functionSchema = z.object({
  Code: z.object({ S3Bucket: z.string(), S3Key: z.string() }),
  Role: z.string(),
  Handler: z.string(),
  Runtime: z.string().regex(/^nodejs\d+\.x$/),
  Timeout: z.number().int().min(1).max(900).default(3),
  MemorySize: z.number().int().min(128).max(10_240).default(128),
  ReservedConcurrentExecutions: z.number().int().positive().optional(),
  RecursiveLoop: z.enum(['Allow', 'Terminate']).default('Terminate'),
  Environment: z.object({ Variables: z.record(z.string(), z.string()) }).optional(),
});

/** Credentials of a function outlive any local cluster: its processes cannot renew them. */
const credentialsLifeMs = 365 * 86_400_000;

const variablesBytesMax = 4_096;

/** Where the stand-ins of AWS's services listen. */
export interface ServiceEndpoints {
  readonly dynamodb: string;
  readonly sqs: string;
  readonly secretsManager: string;
  readonly autoScaling: string;
  readonly acm: string;
}

/** Every function of the template as it runs here: its own bundle, environment and role. */
export function localFunctions(
  stack: Stack,
  assembly: Assembly,
  registry: CredentialRegistry,
  endpoints: ServiceEndpoints,
): LocalFunction[] {
  return stack.ofType('AWS::Lambda::Function').map((resource) => {
    const properties = functionSchema.parse(resource.properties);
    const { ReservedConcurrentExecutions: reserved } = properties;
    assertVariablesFit(resource.logicalId, properties.Environment?.Variables ?? {});
    const role = stack.called('AWS::IAM::Role', properties.Role);
    assertTrusts(role, 'lambda.amazonaws.com');
    const principal = {
      kind: 'role' as const,
      roleName: role.ref,
      roleId: role.attribute('RoleId'),
      sessionName: resource.ref,
    };
    const credentials = registry.issue(principal, credentialsLifeMs);
    const directory = assembly.assetDirectory(properties.Code.S3Key);
    return {
      name: resource.ref,
      arn: resource.attribute('Arn'),
      credentials,
      directory,
      handler: properties.Handler,
      timeoutMs: properties.Timeout * 1_000,
      memoryMb: properties.MemorySize,
      mayLoop: properties.RecursiveLoop === 'Allow',
      ...(reserved === undefined ? {} : { reservedConcurrency: reserved }),
      environment: {
        ...properties.Environment?.Variables,
        // What Lambda itself sets.
        _HANDLER: properties.Handler,
        LAMBDA_TASK_ROOT: directory,
        AWS_LAMBDA_FUNCTION_NAME: resource.ref,
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(properties.MemorySize),
        AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${resource.ref}`,
        AWS_LAMBDA_LOG_STREAM_NAME: 'local',
        AWS_REGION: place.region,
        AWS_DEFAULT_REGION: place.region,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_SESSION_TOKEN: credentials.sessionToken,
        TZ: ':UTC',
        // What makes it local: the services' addresses, and nothing of this user's own AWS setup.
        AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
        AWS_ENDPOINT_URL_SQS: endpoints.sqs,
        AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsManager,
        AWS_ENDPOINT_URL_AUTO_SCALING: endpoints.autoScaling,
        AWS_ENDPOINT_URL_ACM: endpoints.acm,
        AWS_CONFIG_FILE: devNull,
        AWS_SHARED_CREDENTIALS_FILE: devNull,
      },
    };
  });
}

/** AWS refuses a function whose variables are longer, all together. */
function assertVariablesFit(logicalId: string, variables: Readonly<Record<string, string>>): void {
  const size = Buffer.byteLength(JSON.stringify(variables));
  if (size <= variablesBytesMax) return;
  throw new TemplateError(`${logicalId}: its variables are ${size} bytes, Lambda takes 4096`);
}
