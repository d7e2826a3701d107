import { CfnOutput, CfnParameter, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Admin } from '../constructs/admin.ts';
import { AgentApi } from '../constructs/agent-api.ts';
import { Frontdoor } from '../constructs/frontdoor.ts';
import { Lifecycle } from '../constructs/lifecycle.ts';
import { LoadBalancer } from '../constructs/load-balancer.ts';
import { Members } from '../constructs/members.ts';
import { Network } from '../constructs/network.ts';
import { AdminPassword, ClusterSecret } from '../constructs/secrets.ts';
import { StateTable } from '../constructs/state-table.ts';
import { StaticAddresses } from '../constructs/static-addresses.ts';
import { Sweeper } from '../constructs/sweeper.ts';
import { Watchdog } from '../constructs/watchdog.ts';
import type { Settings } from '../settings.ts';

export interface EtherfleetStackProps extends StackProps {
  readonly settings: Settings;
}

/** One cluster. The stack only composes; each construct owns its permissions and alarms. */
export class EtherfleetStack extends Stack {
  constructor(scope: Construct, id: string, props: EtherfleetStackProps) {
    super(scope, id, props);
    const certificate = new CfnParameter(this, 'CertificateArn', {
      type: 'String',
      allowedPattern: 'arn:[^:]+:(acm|iam):.+',
      description: 'Certificate of the front door (ACM or IAM)',
    });
    const port = props.settings.clientPort;

    const table = new StateTable(this, 'State');
    const clusterSecret = new ClusterSecret(this, 'ClusterSecret');
    const adminPassword = new AdminPassword(this, 'AdminPassword');
    const watchdog = new Watchdog(this, 'Watchdog', { table });
    const agentApi = new AgentApi(this, 'AgentApi', { table, clusterSecret, watchdog });
    const frontdoor = new Frontdoor(this, 'Frontdoor', { table, clusterSecret, adminPassword });
    const admin = new Admin(this, 'Admin', { table, clusterSecret, adminPassword });

    const { vpc } = new Network(this, 'Network');
    const { listener } = new LoadBalancer(this, 'LoadBalancer', {
      vpc,
      port,
      certificateArn: certificate.valueAsString,
      frontdoor: frontdoor.lambda,
      admin: admin.lambda,
    });
    const { addresses } = new StaticAddresses(this, 'StaticAddresses', { vpc, port, listener });
    const members = new Members(this, 'Members', { vpc, settings: props.settings, agentApi });
    members.grantReplace(watchdog.lambda);
    new Lifecycle(this, 'Lifecycle', { table, members });
    new Sweeper(this, 'Sweeper', { table, watchdog, members });

    new CfnOutput(this, 'FrontDoorAddresses', {
      value: addresses.join(','),
      description: 'What SoftEther clients connect to; use an address, not a name',
    });
    new CfnOutput(this, 'AdminUrl', { value: `https://${addresses[0] ?? ''}/api/` });
    new CfnOutput(this, 'AdminPasswordSecret', { value: adminPassword.arn });
  }
}
