import { createServer, type Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import { join } from 'node:path';
import type { Clock, Timers } from '#shared/kernel/clock.ts';
import type { Random } from '#shared/kernel/random.ts';
import { AutoScaling } from './aws/auto-scaling.ts';
import { DynamoDb } from './aws/dynamodb.ts';
import { secretStrings, secretsStandIn } from './aws/secrets.ts';
import { type Gate, serveSigned } from './aws/signed-endpoint.ts';
import { Sqs } from './aws/sqs.ts';
import type { DataFolder } from './data-folder.ts';
import { EventBus } from './events/event-bus.ts';
import { close, listen } from './http-server.ts';
import { CredentialRegistry } from './iam/credential-registry.ts';
import { identityPolicies } from './iam/identity-policies.ts';
import { FunctionPool } from './lambda/function-pool.ts';
import { functionUrlStandIn, functionUrlTarget } from './lambda/function-url.ts';
import { localFunctions, type ServiceEndpoints } from './lambda/local-functions.ts';
import { assertLogsAreWritten } from './lambda/log-permission.ts';
import { parseEventSourceMapping, SqsEventSource } from './lambda/sqs-event-source.ts';
import { loadBalancerRoutes } from './load-balancer/rules.ts';
import { createLoadBalancer } from './load-balancer/server.ts';
import { LogFile } from './log-file.ts';
import { admitOperator, type Operator, operatorEnvironment, operatorPolicies } from './operator.ts';
import type { Endpoint } from './options.ts';
import type { Reaper } from './process/reaper.ts';
import type { Assembly } from './synth/assembly.ts';
import { Stack } from './template/stack.ts';
import { TemplateError } from './template/template.ts';
import type { Trouble } from './trouble.ts';
import { userFiles } from './user-keys.ts';

/** The template's certificate parameter; the load balancer here has a certificate of its own. */
const parameters = { CertificateArn: 'arn:aws:acm:local:000000000000:certificate/local' };

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
  /** Answers functions about the group of members, once that is attached. */
  readonly autoScaling: AutoScaling;
  readonly events: EventBus;
  readonly adminPassword: string;
  readonly operator: Operator;
  /** PEM of the front door's certificate. */
  readonly certPem: string;
  stop(): Promise<void>;
}

/** Listening sockets whose addresses the template's references need before anything serves them. */
interface Sockets {
  readonly dynamodb: Server;
  readonly sqs: Server;
  readonly secretsManager: Server;
  readonly autoScaling: Server;
  /** By logical id of the function URL. */
  readonly functionUrls: ReadonlyMap<string, Server>;
  readonly endpoints: ServiceEndpoints;
  readonly urlOf: (logicalId: string) => string;
}

/** Create what the template describes, in the order in which things need each other. */
export async function deploy(options: DeploymentOptions): Promise<Deployment> {
  const { assembly, clock, data, random, trouble } = options;
  const sockets = await openSockets(assembly);
  const stack = new Stack(
    assembly.template,
    {
      queueEndpoint: sockets.endpoints.sqs,
      frontDoor: options.frontDoor.address,
      functionUrl: sockets.urlOf,
    },
    parameters,
  );
  const registry = new CredentialRegistry(clock, random);
  const policies = new Map([...identityPolicies(stack), operatorPolicies]);
  assertLogsAreWritten(stack, policies);
  const gate: Gate = {
    clock,
    registry,
    policies,
    onRefused: (message) => trouble.report('refused', message),
  };

  const dynamodb = await DynamoDb.start(stack, data.database);
  serveSigned(sockets.dynamodb, dynamodb.standIn, gate);
  const sqs = await Sqs.start(stack, clock, data.queues);
  serveSigned(sockets.sqs, sqs.standIn, gate);
  const passwordArn = stack.output('AdminPasswordSecret');
  const given = options.adminPassword === undefined ? {} : { [passwordArn]: options.adminPassword };
  const secrets = secretStrings(stack, { ...(await data.secrets()), ...given }, random);
  await data.keepSecrets(secrets);
  serveSigned(sockets.secretsManager, secretsStandIn(secrets, stack), gate);

  const autoScaling = new AutoScaling(stack);
  serveSigned(sockets.autoScaling, autoScaling.standIn, gate);

  const pools = startPools(options, stack, registry, sockets.endpoints);
  const poolOf = (nameOrArn: string): FunctionPool => {
    const found = pools.find(({ spec }) => spec.arn === nameOrArn || spec.name === nameOrArn);
    if (found === undefined) throw new TemplateError(`no function is called ${nameOrArn}`);
    return found;
  };
  for (const { logicalId, properties } of stack.ofType('AWS::Lambda::Url')) {
    const server = sockets.functionUrls.get(logicalId);
    const pool = poolOf(functionUrlTarget(properties));
    if (server !== undefined) serveSigned(server, functionUrlStandIn(pool, clock), gate);
  }
  const eventSources = startEventSources(options, stack, poolOf, sockets.endpoints);
  const events = startEvents(options, stack, sqs);
  const operator = admitOperator(registry, random, sockets.endpoints);
  await data.keepOperator(operatorEnvironment(operator));
  await data.give(userFiles(stack, registry, random, data.folder));
  const certificate = await data.certificate(options.frontDoor.address, clock);
  const loadBalancer = await startLoadBalancer(options, stack, poolOf, certificate);

  return {
    stack,
    registry,
    autoScaling,
    events,
    adminPassword: secrets[passwordArn] ?? '',
    operator,
    certPem: certificate.certPem,
    stop: async () => {
      events.stop();
      await close(loadBalancer);
      await Promise.all(eventSources.map((source) => source.stop()));
      for (const pool of pools) pool.stop();
      await Promise.all(
        [
          sockets.dynamodb,
          sockets.sqs,
          sockets.secretsManager,
          sockets.autoScaling,
          ...sockets.functionUrls.values(),
        ].map(close),
      );
      await Promise.all([sqs.stop(), dynamodb.stop()]);
    },
  };
}

async function openSockets({ template }: Assembly): Promise<Sockets> {
  const ports = new Map<Server, number>();
  const open = async (): Promise<Server> => {
    const server = createServer();
    ports.set(server, await listen(server, '127.0.0.1', 0));
    return server;
  };
  const urlOf = (server: Server | undefined): string =>
    `http://127.0.0.1:${server === undefined ? 0 : ports.get(server)}`;
  const functionUrls = new Map<string, Server>();
  for (const [logicalId, resource] of Object.entries(template.Resources)) {
    if (resource.Type === 'AWS::Lambda::Url') functionUrls.set(logicalId, await open());
  }
  const [dynamodb, sqs] = [await open(), await open()];
  const [secretsManager, autoScaling] = [await open(), await open()];
  return {
    dynamodb,
    sqs,
    secretsManager,
    autoScaling,
    functionUrls,
    endpoints: {
      dynamodb: urlOf(dynamodb),
      sqs: urlOf(sqs),
      secretsManager: urlOf(secretsManager),
      autoScaling: urlOf(autoScaling),
    },
    urlOf: (logicalId) => `${urlOf(functionUrls.get(logicalId))}/`,
  };
}

function startPools(
  options: DeploymentOptions,
  stack: Stack,
  registry: CredentialRegistry,
  endpoints: ServiceEndpoints,
): FunctionPool[] {
  const { assembly, clock, data, reaper, timers, trouble } = options;
  const onTrouble = (message: string): void => trouble.report('function', message);
  return localFunctions(stack, assembly, registry, endpoints).map((spec) => {
    const log = new LogFile(join(data.logs, `${spec.name}.log`));
    const pool = new FunctionPool(spec, { log, reaper, clock, timers, onTrouble });
    pool.warm();
    return pool;
  });
}

function startEventSources(
  { clock, timers, trouble }: DeploymentOptions,
  stack: Stack,
  poolOf: (name: string) => FunctionPool,
  endpoints: ServiceEndpoints,
): SqsEventSource[] {
  return stack.ofType('AWS::Lambda::EventSourceMapping').map(({ properties }) => {
    const mapping = parseEventSourceMapping(properties);
    const pool = poolOf(mapping.FunctionName);
    const source = new SqsEventSource({
      mapping,
      queueUrl: stack.called('AWS::SQS::Queue', mapping.EventSourceArn).ref,
      endpoint: endpoints.sqs,
      credentials: pool.spec.credentials,
      pool,
      clock,
      timers,
      onTrouble: (message) => trouble.report('event source', message),
    });
    source.start();
    return source;
  });
}

function startEvents(
  { clock, random, timers, trouble }: DeploymentOptions,
  stack: Stack,
  sqs: Sqs,
): EventBus {
  const events = new EventBus(stack, {
    clock,
    timers,
    random,
    send: (queueUrl, body) => sqs.send(queueUrl, body),
    onTrouble: (message) => trouble.report('events', message),
  });
  events.start();
  return events;
}

async function startLoadBalancer(
  { clock, frontDoor, random, timers, trouble }: DeploymentOptions,
  stack: Stack,
  poolOf: (arn: string) => FunctionPool,
  certificate: { readonly keyPem: string; readonly certPem: string },
): Promise<HttpsServer> {
  const server = createLoadBalancer({
    routes: loadBalancerRoutes(stack),
    ...certificate,
    pool: poolOf,
    clock,
    timers,
    random,
    onBadAnswer: (path, reason) => trouble.report('load balancer', `502 for ${path}: ${reason}`),
  });
  await listen(server, frontDoor.address, frontDoor.port);
  return server;
}
