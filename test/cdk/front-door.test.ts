import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settings } from '#cdk/settings.ts';
import { synthesized, text } from './template.ts';

const { asked, called, of, only, outputs } = await synthesized();
const balancers = of('AWS::ElasticLoadBalancingV2::LoadBalancer');
const https = of('AWS::ElasticLoadBalancingV2::Listener').find(
  ({ properties }) => properties['Protocol'] === 'HTTPS',
);

test('a bare deployment asks nothing and tells where everything is', () => {
  assert.deepEqual(asked, []);
  assert.deepEqual(Object.keys(outputs).sort(), [
    'AdminPasswordSecret',
    'AdminUrl',
    'FrontDoorAddresses',
    'FrontDoorName',
    'Vpncmd',
  ]);
});

test('its certificate is of its own making, names the addresses and is looked at each day', () => {
  const certificate = only('Custom::SelfSignedCertificate');
  assert.deepEqual(https?.properties['Certificates'], [
    { CertificateArn: { Ref: certificate.id } },
  ]);
  const names = certificate.properties['Names'] as unknown[];
  assert.match(String(names[0]), /^[a-z-]+(\.[a-z]+)+$/, 'load balancers want a domain');
  assert.deepEqual(
    names.slice(1),
    of('AWS::EC2::EIP').map(({ id }) => ({ Ref: id })),
  );
  const rule = called('AWS::Events::Rule', 'CertificateSelfSignedEachDay');
  assert.equal(rule.properties['ScheduleExpression'], 'rate(1 day)');
  const targets = text(rule.properties['Targets']);
  assert.ok(targets.includes(`{"Ref":"${certificate.id}"}`));
  assert.match(targets, /\\"kind\\":\\"renew\\"/);
});

test('clients meet static addresses: one per zone, TCP through to the load balancer', () => {
  const network = balancers.find(({ properties }) => properties['Type'] === 'network');
  const mappings = network?.properties['SubnetMappings'] as { AllocationId: unknown }[];
  assert.equal(of('AWS::EC2::EIP').length, 2);
  assert.equal(mappings.filter((mapping) => mapping.AllocationId !== undefined).length, 2);
  const targets = of('AWS::ElasticLoadBalancingV2::TargetGroup').filter(
    ({ properties }) => properties['TargetType'] === 'alb',
  );
  assert.equal(targets.length, 1);
  assert.equal(targets[0]?.properties['HealthCheckPath'], '/healthz');
});

test('vpncmd meets any member at the static addresses, who sees where it comes from', () => {
  const listener = of('AWS::ElasticLoadBalancingV2::Listener').find(
    ({ properties }) => properties['Port'] === 5555,
  );
  const targets = of('AWS::ElasticLoadBalancingV2::TargetGroup').find(
    ({ properties }) => properties['TargetType'] === 'instance',
  );
  assert.equal(targets?.properties['Port'], settings.memberPorts[0]);
  assert.match(text(targets?.properties), /"preserve_client_ip.enabled","Value":"true"/);
  assert.match(text(listener?.properties['DefaultActions']), new RegExp(targets?.id ?? 'none'));
  const { properties: group } = only('AWS::AutoScaling::AutoScalingGroup');
  assert.deepEqual(group['TargetGroupARNs'], [{ Ref: targets?.id }]);
  // Its own security group lets the port in; members are open at theirs to everybody anyway.
  const opened = of('AWS::EC2::SecurityGroup').filter(({ properties }) =>
    text(properties).includes('"FromPort":5555'),
  );
  assert.deepEqual(
    opened.map(({ id }) => id.startsWith('FrontGate')),
    [true],
  );
  assert.deepEqual(
    of('AWS::EC2::SecurityGroupIngress').filter(({ properties }) =>
      text(properties).includes('5555'),
    ),
    [],
  );
});

test('a machine that is to go is told so at once, whoever came by the load balancer', () => {
  const { properties: group } = only('AWS::AutoScaling::AutoScalingGroup');
  // Auto Scaling deregisters it first, and its hook begins when the target group lets go.
  for (const { Ref: id } of group['TargetGroupARNs'] as { Ref: string }[]) {
    const { properties } = called('AWS::ElasticLoadBalancingV2::TargetGroup', id);
    const { TargetGroupAttributes: attributes } = properties as {
      TargetGroupAttributes: { Key: string; Value: string }[];
    };
    const delay = attributes.find(({ Key }) => Key === 'deregistration_delay.timeout_seconds');
    assert.equal(delay?.Value, '0', id);
  }
});

test('TLS is 1.2 or 1.3', () => {
  assert.match(String(https?.properties['SslPolicy']), /^ELBSecurityPolicy-TLS13-1-2-/);
});

test('rules look at paths only, for genuine clients send an address as Host', () => {
  for (const { id, properties } of of('AWS::ElasticLoadBalancingV2::ListenerRule')) {
    for (const condition of properties['Conditions'] as { Field: string }[]) {
      assert.equal(condition.Field, 'path-pattern', id);
    }
  }
});

test('functions get every header line there was', () => {
  const groups = of('AWS::ElasticLoadBalancingV2::TargetGroup').filter(
    ({ properties }) => properties['TargetType'] === 'lambda',
  );
  assert.equal(groups.length, 2);
  for (const { id, properties } of groups) {
    assert.deepEqual(
      properties['TargetGroupAttributes'],
      [{ Key: 'lambda.multi_value_headers.enabled', Value: 'true' }],
      id,
    );
  }
});

test('the network has public subnets and nothing that costs by the hour', () => {
  assert.equal(of('AWS::EC2::Subnet').length, 2);
  for (const type of ['AWS::EC2::NatGateway', 'AWS::EC2::VPCEndpoint']) {
    assert.deepEqual(of(type), [], type);
  }
});

test('the ports of the VPN are open and nothing else', () => {
  const inline = of('AWS::EC2::SecurityGroup').flatMap(
    ({ properties }) => (properties['SecurityGroupIngress'] ?? []) as Record<string, unknown>[],
  );
  const open = [...inline, ...of('AWS::EC2::SecurityGroupIngress').map((one) => one.properties)];
  assert.ok(open.length >= 4);
  const { clientPort, memberPorts, vpncmdPort } = settings;
  const ports = [clientPort, vpncmdPort, ...memberPorts];
  for (const rule of open) {
    assert.equal(rule['FromPort'], rule['ToPort']);
    assert.ok(ports.includes(Number(rule['FromPort'])), text(rule));
    if (rule['IpProtocol'] === 'tcp') continue;
    // Members reach each other for their witnesses, and strangers do not.
    assert.equal(rule['IpProtocol'], 'udp');
    assert.equal(rule['CidrIp'], undefined);
    assert.deepEqual(rule['SourceSecurityGroupId'], rule['GroupId']);
  }
});
