import { isIPv4 } from 'node:net';
import { CfnOutput } from 'aws-cdk-lib';
import { CfnSecurityGroupIngress, type ISecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Group, User } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { AgentApi } from './agent-api.ts';

/** The control plane takes a user's name for a member's only below this path. */
const path = '/etherfleet/';
const nameFormat = /^(?!i-)[a-z][0-9a-z-]{1,30}$/;

/** A member outside AWS. */
export interface OnPremisesMember {
  /** What it is called: lower-case letters, digits and hyphens, beginning with a letter. */
  readonly name: string;
  /** IPv4 literal from which it asks other members whether the control plane is there. */
  readonly address: string;
}

/** `NAME@IPV4` of each, separated by commas. */
export function onPremisesMembers(text = ''): OnPremisesMember[] {
  return text
    .split(',')
    .filter((member) => member !== '')
    .map((member) => {
      const [name = '', address = '', ...rest] = member.split('@');
      if (!nameFormat.test(name)) throw new Error(`no name for a member outside AWS: ${name}`);
      if (!isIPv4(address) || rest.length > 0) throw new Error(`${name} has no IPv4: ${member}`);
      return { name, address };
    });
}

export interface OnPremisesProps {
  readonly members: readonly OnPremisesMember[];
  readonly agentApi: AgentApi;
  /** Of the members in AWS. */
  readonly securityGroup: ISecurityGroup;
  /** Members' ports; witnesses ask on the UDP ports of the same numbers. */
  readonly ports: readonly number[];
}

/**
 * Members outside AWS: for each a user of its own, which may call the agent API and nothing else,
 * and which is the member's identity (ADR 0026). Keys are made by an operator, never by the stack:
 * a template is no place for a secret.
 */
export class OnPremises extends Construct {
  constructor(scope: Construct, id: string, props: OnPremisesProps) {
    super(scope, id);
    const { agentApi, members, ports, securityGroup } = props;
    const group = new Group(this, 'Members');
    agentApi.grantCall(group);
    for (const { address, name } of members) {
      new User(this, `User-${name}`, { path, userName: name, groups: [group] });
      for (const port of ports) {
        new CfnSecurityGroupIngress(this, `Witness-${name}-${port}`, {
          groupId: securityGroup.securityGroupId,
          ipProtocol: 'udp',
          fromPort: port,
          toPort: port,
          cidrIp: `${address}/32`,
          description: `${name} asks whether the control plane is there (ADR 0003)`,
        });
      }
    }
    new CfnOutput(scope, 'AgentApiUrl', {
      value: agentApi.url,
      description: 'For agent.json of members outside AWS',
    });
  }
}
