import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { pino } from 'pino';
import * as z from 'zod';
import type { Log } from '#shared/kernel/log.ts';
import { AcmCertificates } from './aws/acm-certificates.ts';
import { attempts } from './aws/attempts.ts';
import { AutoScalingGroup } from './aws/auto-scaling-group.ts';
import { SqsDelayQueue } from './aws/delay-queue.ts';
import { DynamoTable } from './aws/dynamo-table.ts';
import { ScalingPolicy } from './aws/scaling-policy.ts';
import { SecretReader } from './aws/secret-reader.ts';
import { SignedPost } from './aws/signed-post.ts';
import { deriveKey, Sealer } from './domain/sealing.ts';
import { env } from './env.ts';
import type { Calling } from './frontdoor/front-door.ts';
import { CallStore } from './store/call-store.ts';
import type { CertificateStore } from './store/certificate-store.ts';
import type { DelayQueue } from './store/delay-queue.ts';
import type { MachineGroup } from './store/machine-group.ts';
import { type Stores, storesOver } from './store/stores.ts';
import { systemRandom } from './system.ts';

/** The stores over the table this function was given. */
export function wireStores(): Stores {
  const client = new DynamoDBClient(attempts);
  return storesOver(new DynamoTable(client, variable(env.tableName)));
}

/** What tells this cluster from others of the account. */
export function wireCluster(): string {
  return variable(env.clusterName);
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

/** The queue of the certificate function. */
export function wireCertificateQueue(): DelayQueue {
  return wireQueue(env.certificateQueueUrl);
}

function wireQueue(urlVariable: string): DelayQueue {
  const client = new SQSClient(attempts);
  return new SqsDelayQueue(client, variable(urlVariable));
}

/** The group of the members' machines. */
export function wireMachineGroup(): MachineGroup {
  return new AutoScalingGroup(new AutoScalingClient(attempts));
}

/** AWS Certificate Manager, as the role of this function. */
export function wireCertificates(): CertificateStore {
  return new AcmCertificates(wireSignedPost('acm', 'ACM'), wireCluster());
}

/** What the front door does about a fleet of nobody. */
export function wireCalling(): Calling {
  const client = new DynamoDBClient(attempts);
  const autoScaling = wireSignedPost('autoscaling', 'AUTO_SCALING');
  return {
    calls: new CallStore(new DynamoTable(client, variable(env.tableName))),
    caller: new ScalingPolicy(
      autoScaling,
      variable(env.memberGroupName),
      variable(env.wakePolicyArn),
    ),
  };
}

/** A service as the role of this function. `sdkName`: as the SDKs' own variable has it. */
function wireSignedPost(service: string, sdkName: string): SignedPost {
  const region = variable('AWS_REGION');
  const endpoint = process.env[`AWS_ENDPOINT_URL_${sdkName}`];
  return new SignedPost({
    service,
    endpoint: endpoint ?? `https://${service}.${region}.amazonaws.com/`,
    region,
    credentials: {
      accessKeyId: variable('AWS_ACCESS_KEY_ID'),
      secretAccessKey: variable('AWS_SECRET_ACCESS_KEY'),
      sessionToken: variable('AWS_SESSION_TOKEN'),
    },
    fetch,
  });
}

/** Attempts and longest wait of one, for an answer that is put to a pre-signed address. */
const putAttemptsMax = 3;
const putDeadlineMs = 5_000;

/** HTTP PUT of a text. No content type: the signature of the address covers there being none. */
export function wirePut(): (url: string, body: string) => Promise<void> {
  return async (url, body) => {
    let fault: unknown;
    for (let attempt = 0; attempt < putAttemptsMax; attempt += 1) {
      try {
        const signal = AbortSignal.timeout(putDeadlineMs);
        const headers = { 'content-type': '' };
        const answer = await fetch(url, { method: 'PUT', headers, body, signal });
        if (answer.ok) return;
        fault = new Error(`HTTP ${answer.status}`);
      } catch (error) {
        fault = error;
      }
    }
    throw new Error('an answer could not be put where it was asked for', { cause: fault });
  };
}

/** What is secret, read when first needed and kept for the life of the process. */
export interface Secrets {
  /** Opens and seals stored credentials. */
  sealer(): Promise<Sealer>;
  /** The key that authenticates Hello challenges. */
  challengeKey(): Promise<Buffer>;
  /** The key that authenticates challenges administrators answer at members. */
  adminChallengeKey(): Promise<Buffer>;
  /** What members' keys to each other are made from. */
  witnessKey(): Promise<Buffer>;
  /** The first server administrator password, valid until it is changed. */
  adminPassword(): Promise<string>;
}

const clusterSecretSchema = z.object({ key: z.string().min(32) });

export function wireSecrets(): Secrets {
  const reader = new SecretReader(new SecretsManagerClient(attempts));
  const clusterKey = async (): Promise<string> => {
    const text = await reader.text(variable(env.clusterSecretArn));
    return clusterSecretSchema.parse(JSON.parse(text)).key;
  };
  return {
    sealer: async () => new Sealer(deriveKey(await clusterKey(), 'seal-credentials'), systemRandom),
    challengeKey: async () => deriveKey(await clusterKey(), 'hello-challenge'),
    adminChallengeKey: async () => deriveKey(await clusterKey(), 'admin-challenge'),
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
