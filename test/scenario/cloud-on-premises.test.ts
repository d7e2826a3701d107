import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { Agent } from 'undici';
import { z } from 'zod';
import { SignedAgentApi } from '#node-agent/control/agent-api.ts';
import { CredentialsFile, parseCredentials } from '#node-agent/control/credentials-file.ts';
import { eventually } from '#test/support/eventually.ts';
import { CloudProcess } from './cloud-process.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const listSchema = z.object({
  FarmMemberList: z.array(z.object({ MemberId_str: z.string().optional() })),
});

describe('a member outside AWS, and another identity', { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'etherfleet-outside-'));
  const context = ['onPremises=berlin@127.0.0.1,paris@127.0.0.1'];
  const cloud = new CloudProcess(22_640, 1, folder, 'cluster', { context });
  const dispatcher = new Agent();
  const given = (name: string, file: string): string =>
    join(folder, 'data', 'on-premises', name, file);
  const config = (name: string) =>
    JSON.parse(readFileSync(given(name, 'agent.json'), 'utf8')) as {
      agentApiUrl: string;
      region: string;
    };
  const apiAs = (name: string, keys = given(name, 'credentials'), process = 0): SignedAgentApi => {
    const { agentApiUrl: url, region } = config(name);
    const file = new CredentialsFile(keys);
    const credentials = () => file.credentials();
    const answerBytesMax = 65_536;
    return new SignedAgentApi({ url, region, credentials, dispatcher, answerBytesMax, process });
  };
  const members = async (): Promise<string[]> =>
    listSchema
      .parse(await cloud.rpc('EnumFarmMember'))
      .FarmMemberList.flatMap(({ MemberId_str: id }) => (id === undefined ? [] : [id]));

  before(() => cloud.start());
  after(async () => {
    await dispatcher.close();
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('the packed agent joins with its keys, serves a session, and leaves empty', async () => {
    const pack = ['--import', 'tsx', 'cdk/on-premises/pack.ts', folder];
    const packed = execFileSync(process.execPath, pack, { cwd: root, encoding: 'utf8' }).trim();
    execFileSync('tar', ['xzf', packed, '-C', folder]);
    const program = join(folder, 'package', 'etherfleet-agent.mjs');
    const agent = spawn(program, ['--config', given('berlin', 'agent.json')], {
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    agent.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    try {
      await eventually(
        async () => ((await members()).includes('berlin') ? undefined : said),
        20_000,
      );
      // The only member left: whoever comes is served by it.
      const [inside] = cloud.state().members;
      assert(inside);
      await cloud.rpc('DrainMember', { MemberId_str: inside.id });
      await cloud.rpc('CreateHub', { HubName_str: 'lan', HubType_u32: 1, Online_bool: true });
      const password = { AuthType_u32: 1, Auth_Password_str: 'secret' };
      await cloud.rpc('CreateUser', { HubName_str: 'lan', Name_str: 'alice', ...password });
      const session = cloud.dial('lan', 'alice');
      await eventually(() => {
        const port = session.session?.member.port;
        return port === 10_543 ? undefined : `it is served at port ${port}`;
      }, 30_000);
      agent.kill('SIGTERM');
      const [status] = await once(agent, 'exit', { signal: AbortSignal.timeout(40_000) });
      assert.equal(status, 0, 'drained');
      await session.close();
    } finally {
      agent.kill('SIGKILL');
    }
    assert(!said.includes(secretOf(given('berlin', 'credentials'))), 'it keeps its secret');
  });

  test('keys join as their own user and as nobody else', async () => {
    const join = {
      ...{ address: '127.0.0.1', ports: [10_999], certificate: 'AAAA' },
      ...{ weight: 100, capacity: 1, agentVersion: 'test' },
    };
    const joined = await apiAs('paris').join(join, 5_000);
    assert.equal(joined.kind === 'ok' && joined.value.memberId, 'paris');
    const second = await apiAs('paris', undefined, 1).join(join, 5_000);
    assert.equal(second.kind === 'ok' && second.value.memberId, 'paris.1', 'its own, by number');
    const beyond = await apiAs('paris', undefined, 64).join(join, 5_000);
    assert.equal(beyond.kind === 'problem' && beyond.problem.kind, 'invalid-request');

    // Berlin's access key with the secret of Paris: the name of the one, the proof of the other.
    const mixed = parseCredentials(readFileSync(given('berlin', 'credentials'), 'utf8'));
    const forged = given('paris', 'forged');
    writeFileSync(
      forged,
      `[default]\naws_access_key_id=${mixed?.accessKeyId}\n` +
        `aws_secret_access_key=${secretOf(given('paris', 'credentials'))}\n`,
    );
    const refused = await apiAs('berlin', forged).join(join, 5_000);
    assert.deepEqual(refused, { kind: 'unreachable', detail: 'HTTP 403: Forbidden' });
  });

  test('keys call the agent API and nothing else; the refusal names the missing line', async () => {
    const credentials = parseCredentials(readFileSync(given('paris', 'credentials'), 'utf8'));
    assert(credentials);
    const operator = readFileSync(join(folder, 'data', 'operator.env'), 'utf8');
    const endpoint = /AWS_ENDPOINT_URL_DYNAMODB='([^']+)'/.exec(operator)?.[1] ?? '';
    const client = new DynamoDBClient({ endpoint, region: config('paris').region, credentials });
    const Key = { pk: { S: 'MEMBER#berlin' }, sk: { S: 'STATE' } };
    await assert.rejects(client.send(new GetItemCommand({ TableName: 'State', Key })), {
      name: 'AccessDeniedException',
    });
    client.destroy();
    const log = readFileSync(join(folder, 'data', 'logs', 'local.log'), 'utf8');
    assert.match(log, /user paris lacks the policy line \{"Effect":"Allow","Action":"dynamodb:Get/);
  });
});

const secretOf = (path: string): string =>
  parseCredentials(readFileSync(path, 'utf8'))?.secretAccessKey ?? 'none';
