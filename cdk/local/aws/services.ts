import type { Server } from 'node:http';
import type { Clock } from '#shared/kernel/clock.ts';
import type { Random } from '#shared/kernel/random.ts';
import type { DataFolder } from '../data-folder.ts';
import { close } from '../http-server.ts';
import type { ServiceEndpoints } from '../lambda/local-functions.ts';
import type { Teardown } from '../teardown.ts';
import type { Stack } from '../template/stack.ts';
import type { Trouble } from '../trouble.ts';
import { AutoScaling } from './auto-scaling.ts';
import { Certificates } from './certificates.ts';
import { DynamoDb } from './dynamodb.ts';
import { secretStrings, secretsStandIn } from './secrets.ts';
import { type Gate, type StandIn, serveSigned } from './signed-endpoint.ts';
import { type KeptQueues, Sqs } from './sqs.ts';

export interface ServicesOptions {
  /** Replaces the generated administrator's password. */
  readonly adminPassword: string | undefined;
  readonly data: DataFolder;
  readonly clock: Clock;
  readonly random: Random;
  readonly trouble: Trouble;
}

/** What stands in for services of AWS, as far as others ask it for more than its answers. */
export interface Services {
  readonly sqs: Sqs;
  readonly certificates: Certificates;
  readonly autoScaling: AutoScaling;
  readonly adminPassword: string;
}

/** Every service that functions and members call, with what is kept of it, behind one gate. */
export async function startServices(
  options: ServicesOptions,
  stack: Stack,
  servers: Readonly<Record<keyof ServiceEndpoints, Server>>,
  gate: Gate,
  teardown: Teardown,
): Promise<Services> {
  const { clock, data, random } = options;
  const serve = (server: Server, standIn: StandIn): void => {
    serveSigned(server, standIn, gate);
    teardown.add(() => close(server));
  };

  const dynamodb = await DynamoDb.start(stack, data.database);
  teardown.add(() => dynamodb.stop());
  serve(servers.dynamodb, dynamodb.standIn);

  const sqs = await Sqs.start(stack, clock, await keptQueues(options));
  await data.dropFormerMessages();
  teardown.add(() => sqs.stop());
  serve(servers.sqs, sqs.standIn);

  const passwordArn = stack.output('AdminPasswordSecret');
  const given = options.adminPassword === undefined ? {} : { [passwordArn]: options.adminPassword };
  const secrets = secretStrings(stack, { ...(await data.secrets()), ...given }, random);
  await data.keepSecrets(secrets);
  serve(servers.secretsManager, secretsStandIn(secrets, stack));

  const certificates = new Certificates(await data.certificates(), random, (kept) =>
    data.keepCertificates(kept),
  );
  serve(servers.acm, certificates.standIn);

  const autoScaling = new AutoScaling(stack);
  serve(servers.autoScaling, autoScaling.standIn);
  return { sqs, certificates, autoScaling, adminPassword: secrets[passwordArn] ?? '' };
}

async function keptQueues({ data, trouble }: ServicesOptions): Promise<KeptQueues | undefined> {
  if (data.queues === undefined) return undefined;
  return {
    journal: data.queues,
    imported: await data.formerMessages(),
    onGone: (queue, count) =>
      trouble.report('queues', `${queue} is gone from the template, and ${count} messages with it`),
  };
}
