import { readFileSync } from 'node:fs';
import { Agent, type AgentOptions } from 'node:http';
import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  SetDesiredCapacityCommand,
} from '@aws-sdk/client-auto-scaling';
import { eventually } from './eventually.ts';

/**
 * Who acts on a local cluster's group of members as the AWS CLI does after `. operator.env`; by way
 * of a Unix socket, if the cluster is on another network. To be ended with `client.destroy()`.
 */
export class GroupOperator {
  readonly client: AutoScalingClient;
  readonly groupName: string;

  private constructor(client: AutoScalingClient, groupName: string) {
    this.client = client;
    this.groupName = groupName;
  }

  static async of(path: string, relay?: Relay): Promise<GroupOperator> {
    const access = operatorAccess(path, 'AUTO_SCALING');
    const socketPath = await relay?.(new URL(access.endpoint).host);
    const client = new AutoScalingClient({
      ...access,
      ...(socketPath !== undefined && {
        requestHandler: { httpAgent: agentOn(socketPath) },
      }),
    });
    const { AutoScalingGroups: [group] = [] } = await client.send(
      new DescribeAutoScalingGroupsCommand(),
    );
    return new GroupOperator(client, group?.AutoScalingGroupName ?? '');
  }

  /** So many machines are in service, and none is on its way in or out. */
  async inService(count: number, limitMs: number): Promise<void> {
    await eventually(async () => {
      const { AutoScalingGroups: [group] = [] } = await this.client.send(
        new DescribeAutoScalingGroupsCommand(),
      );
      const states = (group?.Instances ?? []).map(({ LifecycleState: state }) => state);
      const isSo = states.length === count && states.every((state) => state === 'InService');
      return isSo ? undefined : states.join();
    }, limitMs);
  }

  async resize(DesiredCapacity: number): Promise<void> {
    const { groupName: AutoScalingGroupName } = this;
    await this.client.send(
      new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity }),
    );
  }
}

/** A Unix socket on which this process reaches `address:port` of another network. */
export type Relay = (target: string) => Promise<string>;

function agentOn(socketPath: string): Agent {
  const options: AgentOptions & { readonly socketPath: string } = { socketPath };
  return new Agent(options);
}

/** How a client of one service asks as the operator whose file this is. */
export function operatorAccess(path: string, service: 'AUTO_SCALING' | 'DYNAMODB' | 'SQS') {
  const text = readFileSync(path, 'utf8');
  const value = (name: string) => new RegExp(`^export ${name}='(.*)'$`, 'm').exec(text)?.[1] ?? '';
  return {
    endpoint: value(`AWS_ENDPOINT_URL_${service}`),
    region: value('AWS_REGION'),
    credentials: {
      accessKeyId: value('AWS_ACCESS_KEY_ID'),
      secretAccessKey: value('AWS_SECRET_ACCESS_KEY'),
    },
  };
}
