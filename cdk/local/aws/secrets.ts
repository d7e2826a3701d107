import { z } from 'zod';
import type { Random } from '#shared/kernel/random.ts';
import { below } from '#shared/kernel/random.ts';
import { keyUse } from '../iam/key-policies.ts';
import type { AccessRequest } from '../iam/policy.ts';
import { place } from '../template/place.ts';
import type { Stack } from '../template/stack.ts';
import { jsonAnswer, jsonBody, operationOf, type StandIn } from './signed-endpoint.ts';

const generatorSchema = z.strictObject({
  PasswordLength: z.number().default(32),
  ExcludePunctuation: z.literal(true),
  SecretStringTemplate: z.string().optional(),
  GenerateStringKey: z.string().optional(),
});
const secretSchema = z.object({
  GenerateSecretString: generatorSchema,
  KmsKeyId: z.string().optional(),
});

/** Secret strings by ARN. */
export type SecretStrings = Readonly<Record<string, string>>;

/** Values for the template's secrets: kept ones stay, missing ones are generated as AWS would. */
export function secretStrings(stack: Stack, kept: SecretStrings, random: Random): SecretStrings {
  return Object.fromEntries(
    stack.ofType('AWS::SecretsManager::Secret').map(({ ref, properties }) => {
      const { GenerateSecretString: generator } = secretSchema.parse(properties);
      return [ref, kept[ref] ?? generate(generator, random)];
    }),
  );
}

function generate(generator: z.infer<typeof generatorSchema>, random: Random): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  const password = Array.from(
    { length: generator.PasswordLength },
    () => alphabet[below(random, alphabet.length)],
  ).join('');
  const { SecretStringTemplate: template, GenerateStringKey: key } = generator;
  if (template === undefined || key === undefined) return password;
  return JSON.stringify({ ...JSON.parse(template), [key]: password });
}

/** Secrets Manager: `GetSecretValue` by ARN. Left out: everything else. */
export function secretsStandIn(secrets: SecretStrings, stack: Stack): StandIn {
  const keys = new Map(
    stack.ofType('AWS::SecretsManager::Secret').map(({ ref, properties }) => {
      return [ref, secretSchema.parse(properties).KmsKeyId];
    }),
  );
  const keyUses = (secret: unknown): AccessRequest[] => {
    const key = keys.get(String(secret));
    if (key === undefined) return [];
    const encryptionContext = { SecretARN: String(secret) };
    return keyUse(stack, key, 'secretsmanager', ['Decrypt'], encryptionContext);
  };
  return {
    service: 'secretsmanager',
    needs: (request) => [
      {
        action: `secretsmanager:${operationOf(request)}`,
        resource: String(jsonBody(request)['SecretId'] ?? '*'),
      },
      ...keyUses(jsonBody(request)['SecretId']),
    ],
    answer: async (request) => {
      const id = String(jsonBody(request)['SecretId']);
      const value = secrets[id];
      if (operationOf(request) !== 'GetSecretValue' || value === undefined) {
        return jsonAnswer(400, {
          __type: 'ResourceNotFoundException',
          Message: `Secrets Manager can't find the specified secret (${place.region}): ${id}`,
        });
      }
      return jsonAnswer(200, {
        ARN: id,
        Name: id.split(':').at(-1),
        SecretString: value,
        VersionId: '00000000-0000-0000-0000-000000000001',
        VersionStages: ['AWSCURRENT'],
      });
    },
    refuse: (_, code, message) => jsonAnswer(400, { __type: code, Message: message }),
  };
}
