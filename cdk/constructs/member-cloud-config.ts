import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { type AgentUnitProps, agentUnit } from './agent-unit.ts';
import type { CloudConfigPart } from './machine-logs.ts';
import { memberPaths } from './member-paths.ts';

/** `agent.json`: all a node agent is told; who it is comes from its instance's metadata. */
interface AgentConfig {
  readonly agentApiUrl: string;
  readonly region: string;
  /** Most sessions of one process. */
  readonly capacity: number;
  readonly weight: number;
  /** A port for each process. */
  readonly listen: { readonly address: string; readonly ports: readonly number[] };
}

export interface CloudConfigProps extends AgentUnitProps {
  readonly agent: AgentConfig;
  /** `s3://bucket/key` of the zipped agent. */
  readonly bundleUrl: string;
  /** Done when the agents are on their way. */
  readonly logs: CloudConfigPart;
}

/**
 * User data that makes members of a fresh Amazon Linux 2023, one for each core. The body is JSON,
 * which is YAML.
 */
export function memberCloudConfig(scope: Construct, props: CloudConfigProps): string {
  const stack = Stack.of(scope);
  const document = {
    write_files: [
      {
        path: memberPaths.config,
        permissions: '0644',
        content: stack.toJsonString(props.agent),
      },
      { path: memberPaths.unit, permissions: '0644', content: agentUnit(props) },
      {
        path: memberPaths.startScript,
        permissions: '0755',
        content: startScript(props.agent.listen.ports.length),
      },
      ...(props.hasWarmPool
        ? [{ path: memberPaths.waitScript, permissions: '0755', content: waitScript }]
        : []),
      ...props.logs.files,
    ],
    runcmd: [
      ['dnf', 'install', '-y', 'nodejs24', 'unzip'],
      ['aws', 's3', 'cp', '--no-progress', props.bundleUrl, '/run/etherfleet.zip'],
      ['mkdir', '-p', memberPaths.program],
      ['unzip', '-o', '/run/etherfleet.zip', '-d', memberPaths.program],
      ['systemctl', 'daemon-reload'],
      [memberPaths.startScript],
      ...props.logs.commands,
    ],
  };
  return `#cloud-config\n${stack.toJsonString(document)}\n`;
}

/** `etherfleet@0.service` and so on: what the processes of a machine are called there. */
export function agentUnitNames(count: number): string[] {
  return Array.from({ length: count }, (_, process) => `etherfleet@${process}.service`);
}

/** One process for each core, as far as there are ports. */
function startScript(portCount: number): string {
  return `#!/bin/sh
cores=$(nproc)
processes=$((cores < ${portCount} ? cores : ${portCount}))
echo "PROCESSES=$processes" > ${memberPaths.environment}
for process in $(seq 0 $((processes - 1)))
do
  systemctl enable --now --no-block "etherfleet@$process.service"
done
`;
}

/** Asks the machine's metadata, again and again, whether it is to be in service. */
const waitScript = `#!/bin/sh
metadata=http://169.254.169.254/latest
until
  token=$(curl -sf -m 2 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $metadata/api/token)
  state=$(curl -sf -m 2 -H "X-aws-ec2-metadata-token: $token" \\
    $metadata/meta-data/autoscaling/target-lifecycle-state)
  [ "$state" = InService ]
do
  sleep 2
done
`;
