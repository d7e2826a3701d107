import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { pino } from 'pino';
import * as z from 'zod';
import type { Log } from '#shared/kernel/log.ts';
import { AutoScalingGroup } from './aws/auto-scaling-group.ts';
import { SqsDelayQueue } from './aws/delay-queue.ts';
import { DynamoTable } from './aws/dynamo-table.ts';
import { SecretReader } from './aws/secret-reader.ts';
import { deriveKey, Sealer } from './domain/sealing.ts';
import { env } from './env.ts';
import type { DelayQueue } from './store/delay-queue.ts';
import type { MachineGroup } from './store/machine-group.ts';
import { type Stores, storesOver } from './store/stores.ts';
import { systemRandom } from './system.ts';

/** Attempts the SDK makes for one call, the first included; calls have their own deadline. */
const attemptsMax = 3;

/** The stores over the table this function was given. */
export function wireStores(): Stores {
  const client = new DynamoDBClient({ maxAttempts: attemptsMax });
  return storesOver(new DynamoTable(client, variable(env.tableName)));
}

/** The queue of the watchdog. */
export function wireWatchdogQueue(): DelayQueue {
  return wireQueue(env.watchdogQueueUrl);
}

/** The queue of the lifecycle function. */
export function wireLifecycleQueue(): DelayQueue {
  return wireQueue(env.lifecycleQueueUrl);
}

/** The queue of the sweeper. */
export function wireSweeperQueue(): DelayQueue {
  return wireQueue(env.sweeperQueueUrl);
}

function wireQueue(urlVariable: string): DelayQueue {
  const client = new SQSClient({ maxAttempts: attemptsMax });
  return new SqsDelayQueue(client, variable(urlVariable));
}

/** The group of the members' machines. */
export function wireMachineGroup(): MachineGroup {
  return new AutoScalingGroup(new AutoScalingClient({ maxAttempts: attemptsMax }));
}

/** What is secret, read when first needed and kept for the life of the process. */
export interface Secrets {
  /** Opens and seals stored credentials. */
  sealer(): Promise<Sealer>;
  /** The key that authenticates Hello challenges. */
  challengeKey(): Promise<Buffer>;
  /** What members' keys to each other are made from. */
  witnessKey(): Promise<Buffer>;
  /** The first server administrator password, valid until it is changed. */
  adminPassword(): Promise<string>;
}

const clusterSecretSchema = z.object({ key: z.string().min(32) });

export function wireSecrets(): Secrets {
  const reader = new SecretReader(new SecretsManagerClient({ maxAttempts: attemptsMax }));
  const clusterKey = async (): Promise<string> => {
    const text = await reader.text(variable(env.clusterSecretArn));
    return clusterSecretSchema.parse(JSON.parse(text)).key;
  };
  return {
    sealer: async () => new Sealer(deriveKey(await clusterKey(), 'seal-credentials'), systemRandom),
    challengeKey: async () => deriveKey(await clusterKey(), 'hello-challenge'),
    witnessKey: async () => deriveKey(await clusterKey(), 'witness'),
    adminPassword: () => reader.text(variable(env.adminPasswordArn)),
  };
}

/** JSON lines on standard output, as CloudWatch Logs takes them. */
export function wireLog(name: string): Log {
  const logger = pino({ base: { name }, timestamp: pino.stdTimeFunctions.isoTime });
  return {
    info: (event, fields) => logger.info({ event, ...fields }),
    warn: (event, fields) => logger.warn({ event, ...fields }),
    error: (event, fields) => logger.error({ event, ...fields }),
  };
}

/** An environment variable the stack must have set. */
function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(`the environment variable ${name} is not set; the stack sets it`);
  }
  return value;
}
