import assert from 'node:assert/strict';
import { test } from 'node:test';
import { synthesized, text } from './template.ts';

const { called, of, statementsOf } = await synthesized();
const group = called('AWS::Logs::LogGroup', 'MembersLogsGroup');
const userData = of('AWS::EC2::LaunchTemplate').map(({ properties }) => userDataOf(properties));

interface Document {
  readonly write_files: readonly { path: string; content: string }[];
  readonly runcmd: readonly (readonly string[])[];
}

/** With each reference as its logical id. */
function userDataOf(properties: Readonly<Record<string, unknown>>): string {
  const { UserData: data } = properties['LaunchTemplateData'] as {
    UserData: { 'Fn::Base64': { 'Fn::Join': [string, (string | Record<string, unknown>)[]] } };
  };
  const [separator, parts] = data['Fn::Base64']['Fn::Join'];
  const words = parts.map((part) => (typeof part === 'string' ? part : wordOf(part)));
  return words.join(separator);
}

function wordOf(reference: Readonly<Record<string, unknown>>): string {
  const id = reference['Ref'] ?? reference['Fn::GetAtt'];
  return Array.isArray(id) ? String(id[0]) : String(id ?? 'something');
}

const documentOf = (data: string): Document =>
  JSON.parse(data.replace('#cloud-config\n', '')) as Document;

test('a machine’s logs are kept for a month, and it may write there and nowhere else', () => {
  assert.equal(group.properties['RetentionInDays'], 30);
  const statements = statementsOf('MembersRole').filter(({ Action }) =>
    text(Action).includes('logs:'),
  );
  assert.deepEqual(statements, [
    {
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: { 'Fn::GetAtt': [group.id, 'Arn'] },
    },
  ]);
});

test('the agent is on its way before anything is done about logs', () => {
  for (const data of userData) {
    const commands = documentOf(data).runcmd.map((words) => words.join(' '));
    const agent = commands.indexOf('/usr/local/libexec/etherfleet-start');
    const logs = commands.findIndex((line) => /journal|cloudwatch|logrotate/.test(line));
    assert(agent >= 0 && logs > agent, commands.join('\n'));
  }
});

test('what installation and agent say goes to the template’s group, to a stream each', () => {
  for (const data of userData) {
    const files = new Map(documentOf(data).write_files.map(({ path, content }) => [path, content]));
    const config = JSON.parse(files.get('/etc/etherfleet/logs.json') ?? '');
    const list = config.logs.logs_collected.files.collect_list as Record<string, string>[];
    assert.deepEqual(
      list.map(({ log_stream_name, log_group_name }) => [log_stream_name, log_group_name]),
      [
        ['{instance_id}/installation', group.id],
        ['{instance_id}/agent', group.id],
      ],
    );
    // What is collected is what is written, and what is written is rotated.
    const followed = list[1]?.['file_path'] ?? '';
    const unit = files.get('/etc/systemd/system/etherfleet-journal.service') ?? '';
    assert(unit.includes(`StandardOutput=append:${followed}\n`), unit);
    assert.match(
      unit,
      /^ExecStart=\/usr\/bin\/journalctl --follow .*--unit=etherfleet@3\.service$/m,
    );
    const ports = files.get('/usr/local/libexec/etherfleet-start') ?? '';
    assert.match(ports, /processes=\$\(\(cores < 4 \? cores : 4\)\)/, 'no unit goes unheard');
    assert(files.get('/etc/logrotate.d/etherfleet')?.startsWith(`${followed} {\n`));
  }
});

test('user data fits into what EC2 takes', () => {
  // 16 KB before it is encoded; ids stand for longer names.
  for (const data of userData) assert(data.length < 12_000, `${data.length} bytes`);
});
