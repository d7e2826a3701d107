import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { z } from 'zod';
import type { Endpoint } from '../options.ts';
import type { Stack } from '../template/stack.ts';

const connectionsMax = 256;
const connectMs = 5_000;

const listenerSchema = z.object({
  Protocol: z.literal('TCP'),
  Port: z.number(),
  DefaultActions: z.tuple([z.object({ Type: z.literal('forward'), TargetGroupArn: z.string() })]),
  ListenerAttributes: z.array(z.object({ Key: z.string(), Value: z.string() })).default([]),
});
const groupSchema = z.object({ TargetGroupARNs: z.array(z.string()).default([]) });
const targetGroupSchema = z.object({ TargetType: z.string().default('instance') });

/** What of the network load balancer leads to machines: TCP, to any of them. */
export interface MachineListener {
  readonly port: number;
  readonly idleMs: number;
}

/**
 * The template's listener whose targets are the group's machines, if it has one. The other one
 * leads to the HTTPS load balancer, which listens at the front door's address itself here.
 */
export function machineListener(stack: Stack): MachineListener | undefined {
  const attached = stack
    .ofType('AWS::AutoScaling::AutoScalingGroup')
    .flatMap(({ properties }) => groupSchema.parse(properties).TargetGroupARNs);
  for (const { properties } of stack.ofType('AWS::ElasticLoadBalancingV2::Listener')) {
    const parsed = listenerSchema.safeParse(properties);
    if (!parsed.success) continue;
    const { DefaultActions: actions, ListenerAttributes: attributes, Port: port } = parsed.data;
    const arn = actions[0].TargetGroupArn;
    const targets = stack.called('AWS::ElasticLoadBalancingV2::TargetGroup', arn);
    const { TargetType: type } = targetGroupSchema.parse(targets.properties);
    if (type !== 'instance' || !attached.includes(arn)) continue;
    const idle = attributes.find(({ Key }) => Key === 'tcp.idle_timeout.seconds')?.Value ?? '350';
    return { port, idleMs: Number(idle) * 1_000 };
  }
  return undefined;
}

/** A listener that runs. */
export interface NetworkBalancer {
  readonly endpoint: Endpoint;
  stop(): Promise<void>;
}

/**
 * Listen at the template's port, or at a free one where that is taken: several clusters may run on
 * one machine. Left out: health checks, and that machines see where a connection comes from.
 */
export async function startNetworkBalancer(
  { port, idleMs }: MachineListener,
  address: string,
  targets: () => readonly Endpoint[],
): Promise<NetworkBalancer> {
  const sockets = new Set<Socket>();
  let turn = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const all = targets();
    const target = all[turn++ % Math.max(1, all.length)];
    if (target === undefined) {
      client.destroy();
      return;
    }
    const machine = connect({ host: target.address, port: target.port, allowHalfOpen: true });
    machine.setTimeout(connectMs, () => machine.destroy());
    machine.once('connect', () => machine.setTimeout(idleMs));
    client.setTimeout(idleMs, () => client.destroy());
    for (const [one, other] of [
      [client, machine],
      [machine, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.once('close', () => {
        sockets.delete(one);
        other.end();
      });
      one.pipe(other);
    }
  });
  server.maxConnections = connectionsMax;
  const taken = await listenOrNext(server, address, port);
  return {
    endpoint: { address, port: taken },
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function listenOrNext(server: Server, address: string, port: number): Promise<number> {
  try {
    server.listen(port, address);
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (port === 0 || (code !== 'EADDRINUSE' && code !== 'EACCES')) throw error;
    return listenOrNext(server, address, 0);
  }
  return (server.address() as AddressInfo).port;
}
