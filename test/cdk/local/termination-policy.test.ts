import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Machine, type MachineState, newMachine } from '#cdk/local/ec2/machine.ts';
import { ScaleIn } from '#cdk/local/ec2/scale-in.ts';
import { terminationPolicy } from '#cdk/local/ec2/termination-policy.ts';
import { Stack } from '#cdk/local/template/stack.ts';
import { ManualTime } from '#test/node-agent/dial/manual-time.ts';
import { eventually } from '#test/support/eventually.ts';

const role = 'arn:aws:iam::000000000000:role/of-the-group';
const addresses = { queueEndpoint: '', frontDoor: '192.0.2.1', functionUrl: () => '' };

function stack(principal: string, first: unknown = { 'Fn::GetAtt': ['Chooser', 'Arn'] }): Stack {
  const permission = { Action: 'lambda:InvokeFunction', Principal: principal };
  const Properties = { TerminationPolicies: [first, 'Default'], ServiceLinkedRoleARN: role };
  return new Stack(
    {
      Resources: {
        Chooser: { Type: 'AWS::Lambda::Function', Properties: {} },
        Group: { Type: 'AWS::AutoScaling::AutoScalingGroup', Properties },
        Asks: {
          Type: 'AWS::Lambda::Permission',
          Properties: { ...permission, FunctionName: { 'Fn::GetAtt': ['Chooser', 'Arn'] } },
        },
      },
    },
    addresses,
    {},
  );
}

test('the function hears what AWS would ask, and its answer counts', async () => {
  const asked: unknown[] = [];
  const invoke = async (event: unknown) => {
    asked.push(event);
    return { kind: 'answer', payload: '{"InstanceIDs":["i-2"]}' } as const;
  };
  const troubles: string[] = [];
  const choose = terminationPolicy(
    stack(role),
    () => ({ invoke }),
    (it) => troubles.push(it),
  );
  assert.deepEqual(await choose?.(['i-1', 'i-2'], 1), ['i-2']);
  const [{ Cause, CapacityToTerminate, Instances }] = asked as [Record<string, unknown[]>];
  assert.equal(Cause, 'SCALE_IN');
  assert.deepEqual([CapacityToTerminate?.length, Instances?.length, troubles], [1, 2, []]);
});

test('a function that fails is told of, and is to be asked again', async () => {
  const invoke = async () => ({ kind: 'error', errorType: 'E', errorMessage: 'no' }) as const;
  const troubles: string[] = [];
  const choose = terminationPolicy(
    stack(role),
    () => ({ invoke }),
    (it) => troubles.push(it),
  );
  assert.equal(await choose?.(['i-1'], 1), undefined);
  assert.match(troubles.join(), /gave no answer/);
});

test('a group whose role may not ask does not come up; one that goes by age asks nobody', () => {
  const pool = () => ({ invoke: async () => ({ kind: 'throttled' }) as const });
  assert.throws(() => terminationPolicy(stack('somebody'), pool, () => undefined), /invoke arn:/);
  assert.equal(
    terminationPolicy(stack(role, 'NewestInstance'), pool, () => undefined),
    undefined,
  );
});

function group(...states: readonly MachineState[]) {
  const time = new ManualTime();
  const machines = states.map((state, index): Machine => {
    const instance = { id: `i-${index}` } as Machine['instance'];
    return { ...newMachine(), state, instance };
  });
  const gone: (string | undefined)[] = [];
  const answers: (readonly string[] | undefined)[] = [];
  const scaleIn = new ScaleIn({
    timers: time,
    choose: async () => answers.shift(),
    surplus: () => machines.length - 1,
    firstToGo: () => machines,
    terminate: (machine) => {
      gone.push(machine.instance?.id);
      machines.splice(machines.indexOf(machine), 1);
    },
  });
  return { time, gone, answers, scaleIn };
}

test('machines nobody is on go without a question, then those that were chosen', async () => {
  const { answers, gone, scaleIn } = group('InService', 'Pending:Wait', 'InService', 'InService');
  answers.push(['i-2'], ['i-3', 'i-0']);
  await scaleIn.follow();
  assert.deepEqual(gone, ['i-1', 'i-2', 'i-0'], 'never more than are too many');
});

test('who got no answer asks again after a while, and not once it is ended', async () => {
  const { answers, gone, scaleIn, time } = group('InService', 'InService');
  answers.push(undefined, [], ['i-1']);
  const done = scaleIn.follow();
  for (const _ of [1, 2]) {
    await eventually(() => (time.waiting === 1 ? undefined : 'it waits'), 1_000);
    assert.deepEqual(gone, []);
    time.advance(5_000);
  }
  await done;
  assert.deepEqual(gone, ['i-1']);
});
