import type { Clock, Timers } from '#shared/kernel/clock.ts';
import type { Random } from '#shared/kernel/random.ts';
import type { AutoScaling } from './aws/auto-scaling.ts';
import { startServices } from './aws/services.ts';
import { type Gate, serveSigned } from './aws/signed-endpoint.ts';
import type { Sqs } from './aws/sqs.ts';
import { settleCustomResources } from './custom-resource/settle.ts';
import type { DataFolder } from './data-folder.ts';
import { EventBus } from './events/event-bus.ts';
import { close, listen } from './http-server.ts';
import { CredentialRegistry } from './iam/credential-registry.ts';
import { identityPolicies } from './iam/identity-policies.ts';
import type { LocalFunction } from './lambda/function-process.ts';
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
import { Teardown } from './teardown.ts';
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
  const aws = await startServices(options, stack, services, gate, teardown);

  const metrics = new MetricStore();
  const functionsOf = (its: Stack, bundles: Assembly, isWanted?: (arn: string) => boolean) => {
    const specs = localFunctions(its, bundles, registry, endpoints);
    return createFunctions(options, specs, metrics, isWanted);
  };
  const functions = functionsOf(stack, assembly);
  teardown.add(() => functions.stop());
  for (const { logicalId, properties } of stack.ofType('AWS::Lambda::Url')) {
    const server = sockets.functionUrls.get(logicalId);
    const pool = functions.called(functionUrlTarget(properties));
    if (server === undefined) continue;
    serveSigned(server, functionUrlStandIn(pool, clock), gate);
    teardown.add(() => close(server));
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
  const events = startEvents(options, stack, aws.sqs, teardown);
  const operator = admitOperator(registry, random, endpoints);
  await data.keepOperator(operatorEnvironment(operator));
  await data.give(userFiles(stack, registry, random, data.folder));
  const certificate = await listenerCertificate(stack, aws.certificates, () =>
    data.certificate(options.frontDoor.address, clock),
  );
  await startLoadBalancer(options, stack, functions, certificate, teardown);
  await deleteLeftovers();

  return {
    stack,
    registry,
    functions,
    autoScaling: aws.autoScaling,
    metrics,
    events,
    adminPassword: aws.adminPassword,
    operator,
    get certPem() {
      return certificate.current().certPem;
    },
    stop: () => teardown.run(),
  };
}

/** Of a template's functions those that are wanted; what they tell in their logs is measured. */
function createFunctions(
  { clock, data, reaper, timers, trouble }: DeploymentOptions,
  specs: readonly LocalFunction[],
  metrics: MetricStore,
  isWanted: (arn: string) => boolean = () => true,
): Functions {
  return new Functions(
    specs.filter(({ arn }) => isWanted(arn)),
    {
      ...{ clock, reaper, timers },
      logFolder: data.logs,
      onTrouble: (message) => trouble.report('function', message),
      onLine: (line) => {
        const read = readEmf(line);
        if (read?.kind === 'figures') for (const one of read.datapoints) metrics.put(one);
        if (read?.kind === 'bad') trouble.report('metrics', read.reason);
      },
    },
  );
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
