import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { CertificateChoice } from '../certificate-choice.ts';
import { Admin } from '../constructs/admin.ts';
import { AgentApi } from '../constructs/agent-api.ts';
import { AlarmTopic } from '../constructs/alarm-topic.ts';
import { FrontDoorCertificate } from '../constructs/certificate.ts';
import { FleetDashboard } from '../constructs/dashboard.ts';
import { Frontdoor } from '../constructs/frontdoor.ts';
import { Lifecycle } from '../constructs/lifecycle.ts';
import { LoadBalancer } from '../constructs/load-balancer.ts';
import { Members } from '../constructs/members.ts';
import { Network } from '../constructs/network.ts';
import { OnPremises } from '../constructs/on-premises.ts';
import { AdminPassword, ClusterSecret, SecretsKey } from '../constructs/secrets.ts';
import { StateTable } from '../constructs/state-table.ts';
import { FrontGate, StaticAddresses } from '../constructs/static-addresses.ts';
import { Sweeper } from '../constructs/sweeper.ts';
import { Termination } from '../constructs/termination.ts';
import { Watchdog } from '../constructs/watchdog.ts';
import type { Settings } from '../settings.ts';

export interface EtherfleetStackProps extends StackProps {
  readonly settings: Settings;
  readonly certificate: CertificateChoice;
}

/** One cluster. The stack only composes; each construct owns its permissions and alarms. */
export class EtherfleetStack extends Stack {
  constructor(scope: Construct, id: string, props: EtherfleetStackProps) {
    super(scope, id, props);
    const { certificate: choice, settings } = props;
    const { clientPort: port, vpncmdPort } = settings;

    const table = new StateTable(this, 'State', { name: settings.tableName });
    const { key } = new SecretsKey(this, 'Secrets');
    const clusterSecret = new ClusterSecret(this, 'ClusterSecret', { key });
    const adminPassword = new AdminPassword(this, 'AdminPassword', { key });
    const { vpc } = new Network(this, 'Network');

    const watchdog = new Watchdog(this, 'Watchdog', { table });
    const secrets = { clusterSecret, adminPassword };
    const agentApi = new AgentApi(this, 'AgentApi', { table, ...secrets, watchdog });
    const termination = new Termination(this, 'Termination', { table });
    const members = new Members(this, 'Members', { vpc, settings, agentApi, termination });
    members.grantReplace(watchdog.lambda);
    if (settings.onPremisesMembers.length > 0) {
      new OnPremises(this, 'OnPremises', {
        members: settings.onPremisesMembers,
        agentApi,
        securityGroup: members.securityGroup,
        ports: settings.memberPorts,
      });
    }
    const frontdoor = new Frontdoor(this, 'Frontdoor', { table, ...secrets, members });
    const admin = new Admin(this, 'Admin', { table, ...secrets });
    const lifecycle = new Lifecycle(this, 'Lifecycle', { table, members });
    const sweeper = new Sweeper(this, 'Sweeper', { table, watchdog, members });

    const addresses = new StaticAddresses(this, 'StaticAddresses', { vpc });
    const { arn: certificateArn } = new FrontDoorCertificate(this, 'Certificate', {
      choice,
      addresses: addresses.addresses,
    });
    const loadBalancer = new LoadBalancer(this, 'LoadBalancer', {
      vpc,
      certificateArn,
      frontdoor: frontdoor.lambda,
      admin: admin.lambda,
    });
    const { listener } = loadBalancer;
    const gate = new FrontGate(this, 'FrontGate', { vpc, port, addresses, listener });
    const [memberPort] = settings.memberPorts;
    if (vpncmdPort !== undefined && memberPort !== undefined) {
      gate.openTo(members.group, { port: vpncmdPort, memberPort });
    }

    new FleetDashboard(this, 'Dashboard', {
      table,
      members,
      loadBalancer: loadBalancer.balancer,
      functions: [frontdoor, admin, agentApi, watchdog, lifecycle, sweeper, termination],
    });
    new AlarmTopic(this, 'Alarms', { key, email: settings.alarmEmail }).hear(this);

    const address = addresses.addresses[0] ?? '';
    this.tell('FrontDoorAddresses', addresses.addresses.join(','), 'What clients are to dial');
    this.tell(
      'FrontDoorName',
      choice.kind === 'domain' ? choice.domainName : gate.balancer.loadBalancerDnsName,
      'For people and scripts; clients are to dial an address (ADR 0004)',
    );
    const authority = port === 443 ? address : `${address}:${port}`;
    this.tell('AdminUrl', `https://${authority}/api/`, 'JSON-RPC for administrators');
    this.tell('AdminPasswordSecret', adminPassword.arn, 'Where the first password is');
    if (vpncmdPort !== undefined) {
      const line = `vpncmd ${address}:${vpncmdPort} /SERVER`;
      this.tell('Vpncmd', line, 'SoftEther’s own administration tool');
    }
  }

  private tell(name: string, value: string, description: string): void {
    new CfnOutput(this, name, { value, description });
  }
}
