import assert from 'node:assert/strict';
import { test } from 'node:test';
import { synthesized } from './template.ts';
import { variantTemplate } from './variant.ts';

/** Ids named anywhere in a value: `Ref`, `Fn::GetAtt` and `${…}` of `Fn::Sub`. */
function named(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(named);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'Ref') return [String(inner)];
    if (key === 'Fn::GetAtt') return [String(Array.isArray(inner) ? inner[0] : inner)];
    if (key !== 'Fn::Sub') return named(inner);
    const text = String(Array.isArray(inner) ? inner[0] : inner);
    const ids = [...text.matchAll(/\$\{(\w+)/g)].map(([, id]) => id ?? '');
    return [...ids, ...named(inner)];
  });
}

interface Waiting {
  readonly id: string;
  readonly properties: unknown;
  readonly dependsOn: readonly string[];
}

/** A round of resources each of which is made after the next; empty, if there is none. */
function roundIn(resources: readonly Waiting[]): readonly string[] {
  const after = new Map(
    resources.map(({ id, properties, dependsOn }) => [id, [...dependsOn, ...named(properties)]]),
  );
  const done = new Set<string>();
  const visit = (id: string, path: readonly string[]): readonly string[] => {
    if (path.includes(id)) return [...path.slice(path.indexOf(id)), id];
    if (done.has(id)) return [];
    for (const next of after.get(id) ?? []) {
      const round = visit(next, [...path, id]);
      if (round.length > 0) return round;
    }
    done.add(id);
    return [];
  };
  for (const id of after.keys()) {
    const round = visit(id, []);
    if (round.length > 0) return round;
  }
  return [];
}

test('CloudFormation finds an order: nothing waits for itself', async () => {
  assert.deepEqual(roundIn((await synthesized()).all()), []);
  const settings = { memberWarmPoolSize: 1, memberCountMin: 0, tableName: 'restored' };
  assert.deepEqual(roundIn(variantTemplate({ settings }).all()), []);
});

/** What is made before a resource, and deleted after it. */
function basisOf(id: string, resources: readonly Waiting[]): Set<string> {
  const basis = new Set<string>();
  const visit = (one: string): void => {
    const resource = resources.find((other) => other.id === one);
    if (resource === undefined) return;
    for (const next of [...resource.dependsOn, ...named(resource.properties)]) {
      if (basis.has(next)) continue;
      basis.add(next);
      visit(next);
    }
  };
  visit(id);
  return basis;
}

test('machines have network and rights from the first start to the last drain', async () => {
  const { all, called, of, only } = await synthesized();
  const basis = basisOf(only('AWS::AutoScaling::AutoScalingGroup').id, all());
  const network = ['Route', 'SubnetRouteTableAssociation', 'VPCGatewayAttachment'];
  const rights = ['MembersRole', 'AgentApiFunctionRole', 'LifecycleFunctionRole'];
  const needed = [
    ...network.flatMap((type) => of(`AWS::EC2::${type}`)),
    ...rights.map((role) => called('AWS::IAM::Policy', role)),
  ];
  assert.deepEqual(
    needed.map(({ id }) => id).filter((id) => !basis.has(id)),
    [],
  );
});

test('addresses are released when no load balancer is left in their subnets', async () => {
  const { all, of } = await synthesized();
  for (const { id } of of('AWS::EC2::Subnet')) {
    const basis = basisOf(id, all());
    for (const address of of('AWS::EC2::EIP')) assert.ok(basis.has(address.id), id);
  }
});

test('a round is found', () => {
  const reference = ['$', '{Two.Arn}'].join('');
  const one = { id: 'One', properties: { Name: { 'Fn::Sub': reference } }, dependsOn: [] };
  const two = { id: 'Two', properties: {}, dependsOn: ['Three'] };
  const three = { id: 'Three', properties: { List: [{ Ref: 'One' }] }, dependsOn: [] };
  assert.deepEqual(roundIn([one, two, three]), ['One', 'Two', 'Three', 'One']);
});
