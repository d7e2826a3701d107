import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import {
  CustomResources,
  type InvokeFunction,
  type MadeResource,
} from '#cdk/local/custom-resource/custom-resources.ts';
import { deleteLeftovers } from '#cdk/local/custom-resource/leftovers.ts';
import { ResponseServer } from '#cdk/local/custom-resource/response-server.ts';
import { systemRandom, systemTimers } from '#cdk/local/system.ts';
import { Stack } from '#cdk/local/template/stack.ts';
import { eventually } from '#test/support/eventually.ts';

const addresses = { queueEndpoint: 'http://q', frontDoor: '127.0.0.1', functionUrl: () => '' };
const eventSchema = z.looseObject({
  RequestType: z.string(),
  ResponseURL: z.url(),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
  PhysicalResourceId: z.string().optional(),
  ResourceProperties: z.record(z.string(), z.unknown()),
  OldResourceProperties: z.record(z.string(), z.unknown()).optional(),
});
type Event = z.infer<typeof eventSchema>;
type Put = (changes?: object, headers?: Record<string, string>) => Promise<number>;

/** A template with one custom resource, and a queue that is named by it. */
function stackOf(properties: Record<string, unknown>): Stack {
  const Properties = { ServiceToken: 'arn:maker', ServiceTimeout: 5, ...properties };
  const Resources = {
    Thing: { Type: 'Custom::Thing', Properties },
    Work: { Type: 'AWS::SQS::Queue', Properties: { Tags: [{ Ref: 'Thing' }] } },
  };
  return new Stack({ Resources }, addresses, {});
}

/** CloudFormation's part, a function that does as it is told, and what it was asked. */
class Rig {
  made: readonly MadeResource[] = [];
  readonly asked: Event[] = [];
  private readonly responses: ResponseServer;

  constructor(responses: ResponseServer) {
    this.responses = responses;
  }

  static async open(context: TestContext): Promise<Rig> {
    const responses = await ResponseServer.open(systemRandom, systemTimers);
    context.after(() => responses.close());
    return new Rig(responses);
  }

  resources(): CustomResources {
    const keep = async (made: readonly MadeResource[]): Promise<void> => {
      this.made = made;
    };
    return new CustomResources(this.made, {
      responses: this.responses,
      random: systemRandom,
      keep,
    });
  }

  /** A function that answers so. */
  function(act: (event: Event, put: Put) => Promise<unknown>): InvokeFunction {
    return async (_, given) => {
      const event = eventSchema.parse(given);
      this.asked.push(event);
      await act(event, async (changes = {}, headers = { 'content-type': '' }) => {
        const { StackId, RequestId, LogicalResourceId } = event;
        const ids = { StackId, RequestId, LogicalResourceId, PhysicalResourceId: 'thing' };
        const body = JSON.stringify({ Status: 'SUCCESS', ...ids, ...changes });
        return (await fetch(event.ResponseURL, { method: 'PUT', headers, body })).status;
      });
      return { kind: 'answer', payload: 'null' };
    };
  }
}

test('created, left alone, updated by a change; what is replaced is deleted', async (context) => {
  const rig = await Rig.open(context);
  const makes = (PhysicalResourceId: string): InvokeFunction =>
    rig.function((_, put) => put({ PhysicalResourceId, Data: { Colour: 'red' } }));
  const first = stackOf({ Size: 1, Deep: { On: true } });
  assert.throws(() => first.ofType('AWS::SQS::Queue'), /Thing is made later/);
  await rig.resources().settle(first, makes('one'));
  assert.deepEqual(first.ofType('AWS::SQS::Queue')[0]?.properties, { Tags: ['one'] });
  const [created] = rig.asked;
  assert.equal(created?.RequestType, 'Create');
  assert.deepEqual(created?.ResourceProperties['Deep'], { On: 'true' }, 'all of it is text');

  await rig.resources().settle(stackOf({ Size: 1, Deep: { On: true } }), makes('never'));
  assert.equal(rig.asked.length, 1);

  const resources = rig.resources();
  const changed = stackOf({ Size: 2 });
  await resources.settle(changed, makes('two'));
  const update = rig.asked[1];
  assert.deepEqual([update?.RequestType, update?.PhysicalResourceId], ['Update', 'one']);
  assert.equal(update?.OldResourceProperties?.['Size'], '1');
  assert.deepEqual(changed.ofType('AWS::SQS::Queue')[0]?.properties, { Tags: ['two'] });

  const maker = { has: () => true, invoke: rig.function((_, put) => put()) };
  const complain = (message: string): void => assert.fail(message);
  const leftovers = resources.leftovers(changed);
  await deleteLeftovers(resources, leftovers, maker, async () => assert.fail(), complain);
  assert.deepEqual(
    [rig.asked[2]?.RequestType, rig.asked[2]?.PhysicalResourceId],
    ['Delete', 'one'],
  );
  assert.deepEqual(
    rig.made.map(({ physicalId }) => physicalId),
    ['two'],
  );
});

test('another function cannot take a resource over', async (context) => {
  const rig = await Rig.open(context);
  const answers = rig.function((_, put) => put());
  await rig.resources().settle(stackOf({}), answers);
  await assert.rejects(
    rig.resources().settle(stackOf({ ServiceToken: 'arn:other' }), answers),
    /Modifying service token is not allowed/,
  );
});

test('an address takes one answer, unsigned with a content type or not at all', async (context) => {
  const rig = await Rig.open(context);
  const statuses: number[] = [];
  const answers = rig.function(async (_, put) => {
    statuses.push(await put({}, { 'content-type': 'application/json' }));
    statuses.push(await put());
    statuses.push(await put({ Status: 'FAILED' }));
  });
  await rig.resources().settle(stackOf({}), answers);
  await eventually(() => (statuses.length === 3 ? undefined : `${statuses}`), 5_000);
  assert.deepEqual(statuses, [403, 200, 403]);
});

for (const [what, changes, message] of [
  ['the answer to another request', { RequestId: 'other' }, /RequestId differs/],
  ['an answer without a name', { PhysicalResourceId: '' }, /Invalid response.*PhysicalResourceId/s],
  ['an answer of more than 4 KB', { Data: { Long: 'x'.repeat(4_096) } }, /too long/],
  ['a refusal', { Status: 'FAILED', Reason: 'no room' }, /\[FAILED\].*no room/],
] as const) {
  test(`${what} fails the deployment`, async (context) => {
    const rig = await Rig.open(context);
    const answers = rig.function((_, put) => put(changes));
    await assert.rejects(rig.resources().settle(stackOf({}), answers), {
      name: 'StartError',
      message,
    });
    assert.deepEqual(rig.made, []);
  });
}

test('a function that says nothing fails the deployment when its time is up', async (context) => {
  const rig = await Rig.open(context);
  const silent = rig.function(async () => undefined);
  await assert.rejects(
    rig.resources().settle(stackOf({ ServiceTimeout: '1' }), silent),
    /no response from the function within 1 s/,
  );
});

test('what cannot be deleted is told of, and not tried again', async (context) => {
  const rig = await Rig.open(context);
  await rig.resources().settle(
    stackOf({}),
    rig.function((_, put) => put()),
  );
  const resources = rig.resources();
  const gone = new Stack({ Resources: {} }, addresses, {});
  const told: string[] = [];
  const nobody = { has: () => false, invoke: rig.function(async () => assert.fail()) };
  await deleteLeftovers(
    ...([resources, resources.leftovers(gone), nobody] as const),
    async () => undefined,
    (message) => told.push(message),
  );
  assert.match(told.join(), /thing is left behind: .*the function that made it is gone/);
  assert.deepEqual(rig.made, []);
});
