import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AgentProcess } from '#test/support/agent-process.ts';
import { until } from './member-bench.ts';

async function withProcess(
  run: (member: AgentProcess) => Promise<void>,
  logFile?: string,
): Promise<void> {
  const member = await new AgentProcess([], logFile).prepare();
  try {
    await run(member);
  } finally {
    await member.close();
  }
}

function failures(member: AgentProcess): string {
  return member
    .lines('start.failed')
    .map((line) => `${line['message']} (${line['cause']})`)
    .join();
}

describe('the process', () => {
  test('joins, and on SIGTERM drains and ends with 0', async () => {
    await withProcess(async (member) => {
      await member.start().joined();
      const [started] = member.lines('agent.started');
      assert.deepEqual(
        [started?.['instanceId'], started?.['publicAddress']],
        ['i-0fake', '127.0.0.1'],
      );
      member.signal('SIGTERM');
      assert.equal(await member.ended(), 0);
      assert.equal(member.plane.lastHeartbeat?.state, 'draining');
      assert.doesNotMatch(member.output, /the-secret-key|the-session-token|PRIVATE KEY/);
    });
  });

  test('is the one of its machine’s processes that it is told to be', async () => {
    await withProcess(async (member) => {
      const listen = { address: '127.0.0.1', ports: [1, member.port] };
      const config = { ...member.config(), listen };
      await member.start(config, ['--process', '1', '--processes', '2']).joined();
      const [started] = member.lines('agent.started');
      assert.deepEqual([started?.['process'], started?.['port']], [1, member.port]);
      assert.equal(member.lines('member.joined')[0]?.['process'], 1, 'control’s lines too');
      const join = member.plane.joins[0];
      assert.deepEqual(
        [join?.['ports'], join?.['processes'], join?.['process']],
        [[member.port], 2, 1],
      );
    });
  });

  test('without a control plane it keeps trying, and still ends when told', async () => {
    await withProcess(async (member) => {
      member.plane.mode = 'down';
      member.start();
      await until('two failures', () => member.lines('join.failed').length === 2);
      member.plane.mode = 'up';
      await member.joined();
      member.signal('SIGINT');
      assert.equal(await member.ended(), 0);
    });
  });

  test('serves on with its log on a full disk', async () => {
    await withProcess(async (member) => {
      await member.start().joined();
      member.signal('SIGTERM');
      assert.equal(await member.ended(), 0);
    }, '/dev/full');
  });

  test('a wrong configuration ends it with 1 and says what is wrong', async () => {
    await withProcess(async (member) => {
      member.start({ ...member.config(), capacity: 'many' });
      assert.equal(await member.ended(), 1);
      assert.match(failures(member), /agent\.json.*capacity/);
    });
  });

  test('no configuration ends it with 1 and says how to give one', async () => {
    await withProcess(async (member) => {
      member.startWith([]);
      assert.equal(await member.ended(), 1);
      assert.match(failures(member), /usage: .*--config FILE/);
    });
  });

  test('an option there is not ends it with 1 and says which there are', async () => {
    await withProcess(async (member) => {
      member.startWith(['--confg', 'agent.json']);
      assert.equal(await member.ended(), 1);
      assert.match(failures(member), /usage: .*--config FILE.*'--confg'/);
    });
  });

  test('a configuration that is not there is named', async () => {
    await withProcess(async (member) => {
      member.startWith(['--config', '/nowhere/agent.json']);
      assert.equal(await member.ended(), 1);
      assert.match(failures(member), /cannot read \/nowhere\/agent\.json .*ENOENT/);
    });
  });

  test('a machine that does not know its address ends with 1 after some tries', async () => {
    await withProcess(async (member) => {
      member.imds.answers.delete('/latest/meta-data/public-ipv4');
      member.start();
      assert.equal(await member.ended(), 1);
      assert.equal(member.lines('metadata.failed').length, 5);
      assert.match(failures(member), /does not say who this machine is .*public-ipv4: HTTP 404/);
    });
  });

  test('a port that is taken ends it, and says so', async () => {
    await withProcess(async (member) => {
      const other = await new AgentProcess().prepare();
      await member.start().joined();
      other.start({ ...other.config(), listen: { address: '127.0.0.1', ports: [member.port] } });
      assert.equal(await other.ended(), 1);
      assert.match(failures(other), /EADDRINUSE/);
      await other.close();
    });
  });
});
