import assert from 'node:assert/strict';
import { test } from 'node:test';
import { physicalNames } from '#cdk/local/template/physical.ts';
import { pseudoParameters } from '#cdk/local/template/place.ts';
import { Resolver } from '#cdk/local/template/resolver.ts';
import { type Template, TemplateError } from '#cdk/local/template/template.ts';

const template: Template = {
  Parameters: {
    Size: { Type: 'Number', Default: 3 },
    Missing: { Type: 'String' },
  },
  Mappings: { Regions: { 'eu-central-1': { Name: 'Frankfurt' } } },
  Conditions: {
    Large: { 'Fn::Equals': [{ Ref: 'Size' }, '9'] },
    Small: { 'Fn::Not': [{ Condition: 'Large' }] },
    Both: { 'Fn::And': [{ Condition: 'Small' }, { Condition: 'Large' }] },
    Either: { 'Fn::Or': [{ Condition: 'Small' }, { Condition: 'Large' }] },
  },
  Resources: {
    Table: { Type: 'AWS::DynamoDB::Table' },
    Queue: { Type: 'AWS::SQS::Queue' },
    Network: { Type: 'AWS::EC2::VPC' },
  },
};
const addresses = {
  queueEndpoint: 'http://127.0.0.1:9',
  frontDoor: '127.0.0.1',
  functionUrl: (id: string) => `http://127.0.0.1:8/${id}/`,
};
const resolver = new Resolver(template, {
  parameters: {},
  pseudoParameters,
  physical: physicalNames(template, addresses),
});
const resolve = (value: unknown): unknown => resolver.resolve(value, 'here');

const cases: Record<string, [unknown, unknown]> = {
  'Ref of a parameter is its default': [{ Ref: 'Size' }, 3],
  'Ref of a pseudo parameter': [{ Ref: 'AWS::Region' }, 'eu-central-1'],
  'Ref of a resource is its physical name': [
    { Ref: 'Queue' },
    'http://127.0.0.1:9/000000000000/Queue',
  ],
  'GetAtt as a list': [
    { 'Fn::GetAtt': ['Table', 'Arn'] },
    'arn:aws:dynamodb:eu-central-1:000000000000:table/Table',
  ],
  'GetAtt as text': [{ 'Fn::GetAtt': 'Queue.QueueName' }, 'Queue'],
  'Join of nested references': [
    { 'Fn::Join': ['-', ['a', { Ref: 'AWS::Partition' }, { 'Fn::Join': ['', ['b', 'c']] }]] },
    'a-aws-bc',
  ],
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: CloudFormation's own notation
  'Sub with references, attributes, own variables and a literal': [
    { 'Fn::Sub': ['${AWS::Region}/${Queue.QueueName}/${Own}/${!Left}', { Own: { Ref: 'Size' } }] },
    'eu-central-1/Queue/3/${Left}',
  ],
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: see above
  'Select of Split': [{ 'Fn::Select': [1, { 'Fn::Split': ['/', 'a/b/c'] }] }, 'b'],
  'Select from GetAZs': [{ 'Fn::Select': ['1', { 'Fn::GetAZs': '' }] }, 'eu-central-1b'],
  FindInMap: [{ 'Fn::FindInMap': ['Regions', { Ref: 'AWS::Region' }, 'Name'] }, 'Frankfurt'],
  Base64: [{ 'Fn::Base64': 'text' }, 'dGV4dA=='],
  'If takes the branch of its condition': [{ 'Fn::If': ['Small', 'yes', 'no'] }, 'yes'],
  'And, Or': [
    [{ 'Fn::If': ['Both', 1, 2] }, { 'Fn::If': ['Either', 1, 2] }],
    [2, 1],
  ],
  'NoValue drops a property and a list item': [
    {
      kept: 1,
      gone: { Ref: 'AWS::NoValue' },
      list: [{ 'Fn::If': ['Large', 1, { Ref: 'AWS::NoValue' }] }],
    },
    { kept: 1, list: [] },
  ],
  'a resource that needs nothing is called by its logical id': [{ Ref: 'Network' }, 'Network'],
  'an ordinary object with one property stays': [{ Type: 'x' }, { Type: 'x' }],
};
for (const [name, [value, expected]] of Object.entries(cases)) {
  test(name, () => assert.deepEqual(resolve(value), expected));
}

const faults: Record<string, [unknown, RegExp]> = {
  'an unknown intrinsic function is named': [{ 'Fn::Cidr': ['10.0.0.0/8', 2] }, /Fn::Cidr/],
  'an unknown reference is named, with its place': [{ a: { Ref: 'Nobody' } }, /here\.a: .*Nobody/],
  'an unknown attribute is named': [{ 'Fn::GetAtt': ['Table', 'StreamArn'] }, /StreamArn of Table/],
  'an unknown pseudo parameter is named': [{ Ref: 'AWS::Moon' }, /AWS::Moon/],
  'a parameter without a value is named': [{ Ref: 'Missing' }, /Missing/],
  'an unknown condition is named': [{ 'Fn::If': ['Purple', 1, 2] }, /Purple/],
  'Select beyond the list': [{ 'Fn::Select': [2, ['a', 'b']] }, /beyond/],
};
for (const [name, [value, message]] of Object.entries(faults)) {
  test(name, () => {
    assert.throws(
      () => resolve(value),
      (error) => error instanceof TemplateError && message.test(error.message),
    );
  });
}

test('a resource type nobody knows stops the deployment and is named', () => {
  const strange: Template = { Resources: { Bus: { Type: 'AWS::Events::EventBus' } } };
  assert.throws(() => physicalNames(strange, addresses), /Resources\.Bus: .*AWS::Events::EventBus/);
});
