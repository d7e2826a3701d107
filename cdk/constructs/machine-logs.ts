import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** What is added to a machine's user data. */
export interface CloudConfigPart {
  readonly files: readonly {
    readonly path: string;
    readonly permissions: string;
    readonly content: string;
  }[];
  /** Run one after the other, whatever becomes of those before. */
  readonly commands: readonly (readonly string[])[];
}

/** What systemd and the agent say of the agent; the journal has it too. */
const journalFile = '/var/log/etherfleet.log';
/** What user data's own commands said. */
const installationFile = '/var/log/cloud-init-output.log';
const journalUnit = 'etherfleet-journal.service';
const collectorConfig = '/etc/etherfleet/logs.json';
const collector = '/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl';
const rotationTimer = 'logrotate.timer';

/**
 * Where members' machines write what they say, so that one that is gone can still be asked: how it
 * was installed (stream `INSTANCE/installation`), and how its agent fared (`INSTANCE/agent`). A
 * unit follows the journal into a file, and the CloudWatch agent reads that: of those in Amazon
 * Linux's repositories not all read journals. Neither the agent nor its unit know of any of it.
 */
export class MachineLogs extends Construct {
  private readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.logGroup = new LogGroup(this, 'Group', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  /** Let machines of this role write here, and into no other group of the account. */
  grantWrite(role: IRole): void {
    role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [this.logGroup.logGroupArn],
      }),
    );
  }

  /**
   * Files, and commands to be run when `units` are on their way: what they say meanwhile waits in
   * the journal. `nice`, because a member of one core may have its first clients by then.
   */
  cloudConfig(units: readonly string[]): CloudConfigPart {
    const file = (path: string, content: string) => ({ path, permissions: '0644', content });
    return {
      files: [
        file(collectorConfig, Stack.of(this).toJsonString(this.collected())),
        file(`/etc/systemd/system/${journalUnit}`, followingUnit(units)),
        file('/etc/logrotate.d/etherfleet', rotation),
        file(`/etc/systemd/system/${rotationTimer}.d/etherfleet.conf`, eachHour),
      ],
      commands: [
        ['systemctl', 'enable', '--now', '--no-block', journalUnit],
        ['nice', 'dnf', 'install', '-y', 'amazon-cloudwatch-agent', 'logrotate'],
        [
          'nice',
          collector,
          '-a',
          'fetch-config',
          '-m',
          'ec2',
          '-s',
          '-c',
          `file:${collectorConfig}`,
        ],
        ['systemctl', 'enable', rotationTimer],
        ['systemctl', 'restart', rotationTimer],
      ],
    };
  }

  /** For the CloudWatch agent; the group and its retention are the template's. */
  private collected(): object {
    const from = (path: string, what: string) => ({
      file_path: path,
      log_group_name: this.logGroup.logGroupName,
      log_stream_name: `{instance_id}/${what}`,
    });
    const files = [from(installationFile, 'installation'), from(journalFile, 'agent')];
    return { logs: { logs_collected: { files: { collect_list: files } } } };
  }
}

function followingUnit(units: readonly string[]): string {
  const followed = units.map((unit) => `--unit=${unit}`).join(' ');
  return `[Unit]
Description=The journal of etherfleet as a file, for the CloudWatch agent

[Service]
ExecStart=/usr/bin/journalctl --follow --boot --lines=all --output=cat ${followed}
StandardOutput=append:${journalFile}
Restart=always
RestartSec=5s
DynamicUser=yes
SupplementaryGroups=systemd-journal
CapabilityBoundingSet=
PrivateNetwork=yes
ProtectHome=yes

[Install]
WantedBy=multi-user.target
`;
}

/** Followed by name and truncated in place: nobody has to be told. */
const rotation = `${journalFile} {
  size 50M
  rotate 1
  copytruncate
  missingok
  notifempty
}
`;

/** Each day, as it is by itself, a talkative hour could fill the disk. */
const eachHour = '[Timer]\nOnCalendar=\nOnCalendar=hourly\nAccuracySec=1m\n';
