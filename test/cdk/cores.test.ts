import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { agentUnit } from '#cdk/constructs/agent-unit.ts';
import { memberPaths } from '#cdk/constructs/member-paths.ts';
import { settings } from '#cdk/settings.ts';
import { listenerLimits } from '#node-agent/limits.ts';
import { synthesized, text } from './template.ts';

const { of } = await synthesized();
const templates = of('AWS::EC2::LaunchTemplate').map(({ properties }) => text(properties));

test('a machine’s members have ports of their own, open to clients and to each other', () => {
  const opened = text(of('AWS::EC2::SecurityGroup').map(({ properties }) => properties));
  const toEachOther = of('AWS::EC2::SecurityGroupIngress').filter(
    ({ properties }) => properties['IpProtocol'] === 'udp',
  );
  for (const port of settings.memberPorts) {
    assert(opened.includes(`"Clients","FromPort":${port},"IpProtocol":"tcp","ToPort":${port}`));
    assert(
      toEachOther.some(({ properties }) => properties['FromPort'] === port),
      `UDP ${port}`,
    );
  }
  assert.equal(toEachOther.length, settings.memberPorts.length, 'and at no other');
  assert(settings.memberPorts.includes(settings.clientPort), 'one for those who have no other');
  assert(!settings.memberPorts.includes(5_555), 'genuine clients of vpncmd expect it there');
});

test('an agent is restarted alone, knows its number, and how many there are', () => {
  const unit = agentUnit({ stopSeconds: 120, hasWarmPool: false });
  assert.match(unit, /^EnvironmentFile=\/etc\/etherfleet\/machine\.env$/m);
  assert.match(unit, /^ExecStart=.* --process %i --processes \$\{PROCESSES\}$/m);
  assert.match(unit, /^Restart=always$/m);
  assert.match(unit, /^RestartPreventExitStatus=0$/m);
  for (const template of templates) assert(template.includes(memberPaths.unit), 'a template unit');
});

test('with all sockets taken there are files left to reach the control plane by', () => {
  const onPremises = new URL('../../cdk/on-premises/etherfleet-agent@.service', import.meta.url);
  const units = [
    agentUnit({ stopSeconds: 120, hasWarmPool: false }),
    readFileSync(onPremises, 'utf8'),
  ];
  for (const unit of units) {
    const filesMax = Number(/^LimitNOFILE=(\d+)$/m.exec(unit)?.[1]);
    assert(filesMax - listenerLimits.socketsMax >= 1_024, `${filesMax} files`);
  }
});

test('a machine starts an agent for each core, as far as there are ports', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'etherfleet-start-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const started = join(folder, 'started');
  const run = (cores: number): string => {
    writeFileSync(started, '');
    writeFileSync(join(folder, 'nproc'), `#!/bin/sh\necho ${cores}\n`, { mode: 0o755 });
    const script = `#!/bin/sh\necho "$@" >> ${started}\n`;
    writeFileSync(join(folder, 'systemctl'), script, { mode: 0o755 });
    const environment = join(folder, 'machine.env');
    execFileSync('/bin/sh', ['-c', startScript().replace(memberPaths.environment, environment)], {
      env: { PATH: `${folder}:/usr/bin:/bin` },
    });
    return readFileSync(environment, 'utf8') + readFileSync(started, 'utf8');
  };
  const unit = (process: number) => `enable --now --no-block etherfleet@${process}.service\n`;
  assert.equal(run(1), `PROCESSES=1\n${unit(0)}`);
  assert.equal(run(2), `PROCESSES=2\n${unit(0)}${unit(1)}`);
  const all = settings.memberPorts.map((_, process) => unit(process)).join('');
  assert.equal(run(64), `PROCESSES=${settings.memberPorts.length}\n${all}`);
});

/** As user data writes it. */
function startScript(): string {
  const [properties] = of('AWS::EC2::LaunchTemplate').map((template) => template.properties);
  assert(properties);
  const { UserData: data } = properties['LaunchTemplateData'] as {
    UserData: { 'Fn::Base64': { 'Fn::Join': [string, unknown[]] } };
  };
  const [, parts] = data['Fn::Base64']['Fn::Join'];
  const words = parts.map((part) => (typeof part === 'string' ? part : 'something')).join('');
  const { write_files: files } = JSON.parse(words.replace('#cloud-config\n', '')) as {
    write_files: { path: string; content: string }[];
  };
  return files.find(({ path }) => path === memberPaths.startScript)?.content ?? 'exit 1';
}
