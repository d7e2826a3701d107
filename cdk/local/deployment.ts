import type { Server } from 'node:http';
import type { Clock, Timers } from '#shared/kernel/clock.ts';
import type { Random } from '#shared/kernel/random.ts';
import { AutoScaling } from './aws/auto-scaling.ts';
import { Certificates } from './aws/certificates.ts';
import { DynamoDb } from './aws/dynamodb.ts';
import { secretStrings, secretsStandIn } from './aws/secrets.ts';
import { type Gate, type StandIn, serveSigned } from './aws/signed-endpoint.ts';
import { type KeptQueues, Sqs } from './aws/sqs.ts';
import { settleCustomResources } from './custom-resource/settle.ts';
import type { DataFolder } from './data-folder.ts';
import { EventBus } from './events/event-bus.ts';
import { close, listen } from './http-server.ts';
import { CredentialRegistry } from './iam/credential-registry.ts';
import { identityPolicies } from './iam/identity-policies.ts';
import { functionUrlStandIn, functionUrlTarget } from './lambda/function-url.ts';
import { Functions } from './lambda/functions.ts';
import { localFunctions } from './lambda/local-functions.ts';
import { assertLogsAreWritten } from './lambda/log-permission.ts';
import { parseEventSourceMapping, SqsEventSource } from './lambda/sqs-event-source.ts';
import { type ListenerCertificate, listenerCertificate } from './load-balancer/certificate.ts';
import { loadBalancerRoutes } from './load-balancer/rules.ts';
import { createLoadBalancer, presentCertificate } from './load-balancer/server.ts';
import { readEmf } from './metrics/emf.ts';
import { MetricStore } from './metrics/metric-store.ts';
import { admitOperator, type Operator, operatorEnvironment, operatorPolicies } from './operator.ts';
import type { Endpoint } from './options.ts';
import type { Reaper } from './process/reaper.ts';
import { openSockets } from './sockets.ts';
import type { Assembly } from './synth/assembly.ts';
import type { LocalAddresses } from './template/physical.ts';
import { Stack } from './template/stack.ts';
import type { Trouble } from './trouble.ts';
import { userFiles } from './user-keys.ts';

export interface DeploymentOptions {
  readonly assembly: Assembly;
  readonly frontDoor: Endpoint;
  /** Replaces the generated administrator's password. */
  readonly adminPassword: string | undefined;
  readonly data: DataFolder;
  readonly reaper: Reaper;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly trouble: Trouble;
}

/** Everything of the template but its members: it exists, listens and runs. */
export interface Deployment {
  readonly stack: Stack;
  readonly registry: CredentialRegistry;
  readonly functions: Functions;
  /** Answers functions about the group of members, once that is attached. */
  readonly autoScaling: AutoScaling;
  /** What functions have told in their logs. */
  readonly metrics: MetricStore;
  readonly events: EventBus;
  readonly adminPassword: string;
  readonly operator: Operator;
  /** PEM of the front door's certificate, as it is now. */
  readonly certPem: string;
  stop(): Promise<void>;
}

/** Undoes what was done, the last first. */
class Teardown {
  private readonly steps: (() => unknown)[] = [];

  add(step: () => unknown): void {
    this.steps.push(step);
  }

  async run(): Promise<void> {
    for (const step of this.steps.splice(0).reverse()) await step();
  }
}

/** Create what the template describes, in the order in which things need each other. */
export async function deploy(options: DeploymentOptions): Promise<Deployment> {
  const teardown = new Teardown();
  try {
    return await create(options, teardown);
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function create(options: DeploymentOptions, teardown: Teardown): Promise<Deployment> {
  const { assembly, clock, data, random, trouble } = options;
  const sockets = await openSockets(assembly.template);
  teardown.add(() => sockets.close());
  const { endpoints, services } = sockets;
  const addresses: LocalAddresses = {
    queueEndpoint: endpoints.sqs,
    frontDoor: options.frontDoor.address,
    functionUrl: sockets.urlOf,
  };
  const stack = new Stack(assembly.template, addresses, {});
  const registry = new CredentialRegistry(clock, random);
  const policies = new Map([...identityPolicies(stack), operatorPolicies]);
  assertLogsAreWritten(stack, policies);
  const gate: Gate = {
    clock,
    registry,
    policies,
    onRefused: (message) => trouble.report('refused', message),
  };
  const serve = (server: Server, standIn: StandIn): void => {
    serveSigned(server, standIn, gate);
    teardown.add(() => close(server));
  };

  const dynamodb = await DynamoDb.start(stack, data.database);
  teardown.add(() => dynamodb.stop());
  serve(services.dynamodb, dynamodb.standIn);
  const sqs = await Sqs.start(stack, clock, await keptQueues(options));
  await data.dropFormerMessages();
  teardown.add(() => sqs.stop());
  serve(services.sqs, sqs.standIn);
  const passwordArn = stack.output('AdminPasswordSecret');
  const given = options.adminPassword === undefined ? {} : { [passwordArn]: options.adminPassword };
  const secrets = secretStrings(stack, { ...(await data.secrets()), ...given }, random);
  await data.keepSecrets(secrets);
  serve(services.secretsManager, secretsStandIn(secrets, stack));
  const certificates = new Certificates(await data.certificates(), random, (kept) =>
    data.keepCertificates(kept),
  );
  serve(services.acm, certificates.standIn);
  const autoScaling = new AutoScaling(stack);
  serve(services.autoScaling, autoScaling.standIn);

  const metrics = new MetricStore();
  const functionsOf = (
    its: Stack,
    bundles: Assembly,
    isWanted = (_: string) => true,
  ): Functions => {
    const specs = localFunctions(its, bundles, registry, endpoints);
    return new Functions(
      specs.filter(({ arn }) => isWanted(arn)),
      {
        ...options,
        logFolder: data.logs,
        onTrouble: (message) => trouble.report('function', message),
        onLine: (line) => {
          const read = readEmf(line);
          if (read?.kind === 'figures') for (const one of read.datapoints) metrics.put(one);
          if (read?.kind === 'bad') trouble.report('metrics', read.reason);
        },
      },
    );
  };
  const functions = functionsOf(stack, assembly);
  teardown.add(() => functions.stop());
  for (const { logicalId, properties } of stack.ofType('AWS::Lambda::Url')) {
    const server = sockets.functionUrls.get(logicalId);
    const pool = functions.called(functionUrlTarget(properties));
    if (server !== undefined) serve(server, functionUrlStandIn(pool, clock));
  }
  const deleteLeftovers = await settleCustomResources(stack, functions, {
    ...options,
    policies,
    restore: (former, isWanted) => {
      const formerStack = new Stack(former.template, addresses, {});
      return { stack: formerStack, functions: functionsOf(formerStack, former, isWanted) };
    },
  });

  startEventSources(options, stack, functions, endpoints.sqs, teardown);
  const events = startEvents(options, stack, sqs, teardown);
  const operator = admitOperator(registry, random, endpoints);
  await data.keepOperator(operatorEnvironment(operator));
  await data.give(userFiles(stack, registry, random, data.folder));
  const certificate = await listenerCertificate(stack, certificates, () =>
    data.certificate(options.frontDoor.address, clock),
  );
  await startLoadBalancer(options, stack, functions, certificate, teardown);
  await deleteLeftovers();

  return {
    stack,
    registry,
    functions,
    autoScaling,
    metrics,
    events,
    adminPassword: secrets[passwordArn] ?? '',
    operator,
    get certPem() {
      return certificate.current().certPem;
    },
    stop: () => teardown.run(),
  };
}

async function keptQueues({ data, trouble }: DeploymentOptions): Promise<KeptQueues | undefined> {
  if (data.queues === undefined) return undefined;
  return {
    journal: data.queues,
    imported: await data.formerMessages(),
    onGone: (queue, count) =>
      trouble.report('queues', `${queue} is gone from the template, and ${count} messages with it`),
  };
}

function startEventSources(
  { clock, timers, trouble }: DeploymentOptions,
  stack: Stack,
  functions: Functions,
  endpoint: string,
  teardown: Teardown,
): void {
  const sources = stack.ofType('AWS::Lambda::EventSourceMapping').map(({ properties }) => {
    const mapping = parseEventSourceMapping(properties);
    const pool = functions.called(mapping.FunctionName);
    return new SqsEventSource({
      mapping,
      queueUrl: stack.called('AWS::SQS::Queue', mapping.EventSourceArn).ref,
      endpoint,
      credentials: pool.spec.credentials,
      pool,
      clock,
      timers,
      onTrouble: (message) => trouble.report('event source', message),
    });
  });
  teardown.add(() => Promise.all(sources.map((source) => source.stop())));
  for (const source of sources) source.start();
}

function startEvents(
  { clock, random, timers, trouble }: DeploymentOptions,
  stack: Stack,
  sqs: Sqs,
  teardown: Teardown,
): EventBus {
  const events = new EventBus(stack, {
    clock,
    timers,
    random,
    send: (queueUrl, body) => sqs.send(queueUrl, body),
    onTrouble: (message) => trouble.report('events', message),
  });
  teardown.add(() => events.stop());
  events.start();
  return events;
}

async function startLoadBalancer(
  { clock, frontDoor, random, timers, trouble }: DeploymentOptions,
  stack: Stack,
  functions: Functions,
  certificate: ListenerCertificate,
  teardown: Teardown,
): Promise<void> {
  const server = createLoadBalancer({
    routes: loadBalancerRoutes(stack),
    ...certificate.current(),
    pool: (arn) => functions.called(arn),
    clock,
    timers,
    random,
    onBadAnswer: (path, reason) => trouble.report('load balancer', `502 for ${path}: ${reason}`),
  });
  certificate.follow(() => presentCertificate(server, certificate.current()));
  teardown.add(() => close(server));
  await listen(server, frontDoor.address, frontDoor.port);
}
