import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificateChoice } from '#cdk/certificate-choice.ts';
import { text } from './template.ts';
import { variantTemplate } from './variant.ts';

const choiceOf = (context: Readonly<Record<string, unknown>>) =>
  certificateChoice((name) => context[name]);

test('a certificate is given, issued for a domain, or made; half a domain is an error', () => {
  const arn = 'arn:aws:acm:eu-central-1:123456789012:certificate/x';
  assert.deepEqual(choiceOf({ certificateArn: arn }), { kind: 'given', arn });
  assert.deepEqual(choiceOf({ domainName: 'vpn.example.com', hostedZoneId: 'Z1' }), {
    kind: 'domain',
    domainName: 'vpn.example.com',
    hostedZoneId: 'Z1',
  });
  assert.deepEqual(choiceOf({}), { kind: 'self-signed' });
  assert.throws(() => choiceOf({ domainName: 'vpn.example.com' }), /go together/);
  assert.throws(() => choiceOf({ certificateArn: arn, hostedZoneId: 'Z1' }), /not both/);
  assert.throws(() => choiceOf({ certificateArn: 'vpn.example.com' }), /no ARN/);
});

test('a given certificate is used, and none is made', () => {
  const arn = 'arn:aws:acm:eu-central-1:123456789012:certificate/x';
  const { of } = variantTemplate({ certificate: { kind: 'given', arn } });
  assert.deepEqual(of('Custom::SelfSignedCertificate'), []);
  const https = of('AWS::ElasticLoadBalancingV2::Listener').find(
    ({ properties }) => properties['Protocol'] === 'HTTPS',
  );
  assert.deepEqual(https?.properties['Certificates'], [{ CertificateArn: arn }]);
});

test('a domain gets a certificate proven by DNS, and a record of the static addresses', () => {
  const { of, only } = variantTemplate({
    certificate: { kind: 'domain', domainName: 'vpn.example.com', hostedZoneId: 'Z1' },
  });
  const { properties: issued } = only('AWS::CertificateManager::Certificate');
  assert.equal(issued['ValidationMethod'], 'DNS');
  assert.match(text(issued['DomainValidationOptions']), /"HostedZoneId":"Z1"/);
  const { properties: record } = only('AWS::Route53::RecordSet');
  assert.equal(record['Name'], 'vpn.example.com');
  const addresses = of('AWS::EC2::EIP').map(({ id }) => ({ Ref: id }));
  assert.deepEqual(record['ResourceRecords'], addresses);
});

test('another port of the front door leaves what is behind it alone, and is in the URL', () => {
  const { of, outputs } = variantTemplate({ settings: { clientPort: 8443 } });
  assert.match(text(outputs['AdminUrl']), /:8443\/api\/"/);
  const listeners = of('AWS::ElasticLoadBalancingV2::Listener').map(({ properties }) => properties);
  const portOf = (protocol: string, id: string): unknown =>
    listeners.find((one) => one['Protocol'] === protocol && text(one).includes(id))?.['Port'];
  assert.equal(portOf('TCP', 'FrontGateBalancerTcp'), 8443);
  assert.equal(portOf('HTTPS', 'LoadBalancer'), 443);
  const alb = of('AWS::ElasticLoadBalancingV2::TargetGroup').find(
    ({ properties }) => properties['TargetType'] === 'alb',
  );
  assert.equal(alb?.properties['Port'], 443);
});

test('vpncmd and clients cannot have one port', () => {
  assert.throws(
    () => variantTemplate({ settings: { clientPort: 5555 } }),
    /clientPort and vpncmdPort are both 5555/,
  );
});

test('a warm pool: machines of one type are prepared and stopped, and join when called', () => {
  const { functionCalled, of, only, statementsOf } = variantTemplate({
    settings: {
      memberWarmPoolSize: 2,
      memberCountMin: 0,
      alarmEmail: 'ops@example.com',
      schedules: [
        { name: 'Morning', cron: '30 7 * * MON-FRI', timeZone: 'Europe/Berlin', countMin: 4 },
      ],
      vpncmdPort: 15_555,
      tableName: 'Restored',
    },
  });
  const { properties: pool } = only('AWS::AutoScaling::WarmPool');
  assert.equal(pool['PoolState'], 'Stopped');
  assert.equal(pool['MinSize'], 2);
  const { properties: group } = only('AWS::AutoScaling::AutoScalingGroup');
  assert.equal(group['MixedInstancesPolicy'], undefined, 'EC2 takes one or the other');
  for (const { properties } of of('AWS::EC2::LaunchTemplate')) {
    assert.match(
      text(properties),
      /ExecStartPre=\/usr\/local\/libexec\/etherfleet-wait-for-service/,
    );
    assert.match(text(properties), /target-lifecycle-state/);
  }

  // The other settings of this variant, for a synthesis takes seconds.
  assert.equal(group['MinSize'], '0');
  const { properties: morning } = only('AWS::AutoScaling::ScheduledAction');
  assert.equal(morning['Recurrence'], '30 7 * * MON-FRI');
  assert.equal(morning['TimeZone'], 'Europe/Berlin');
  assert.equal(morning['MinSize'], 4);
  assert.equal(only('AWS::SNS::Subscription').properties['Endpoint'], 'ops@example.com');

  assert.deepEqual(of('AWS::DynamoDB::Table'), [], 'a restored table takes the place of its own');
  const { Environment: environment } = functionCalled('admin').properties;
  assert.match(text(environment), /"TABLE_NAME":"Restored"/);
  assert.match(text(statementsOf('AdminFunctionRole')), /:table\/Restored"/);
  const listener = of('AWS::ElasticLoadBalancingV2::Listener').find(
    ({ properties }) => properties['Port'] === 15_555,
  );
  assert.equal(listener?.properties['Protocol'], 'TCP');
});
