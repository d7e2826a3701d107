import { settings } from '#cdk/settings.ts';
import { tool } from '#test/support/command-line.ts';
import { type SynthesizedResource, synthesized } from '../cdk/template.ts';
import { columns } from './columns.ts';
import { monthHours, prices } from './prices.ts';
import {
  addressPrice,
  figurePrice,
  fleetFigures,
  instanceHour,
  monitoringPrice,
  monthlyPriceOf,
} from './template-prices.ts';

/**
 * What the deployed template costs a month at list prices: the resources that cost by being there,
 * a member, and what use adds. `npm run bench:cost`.
 */

/** As `npm run bench:login` prints them: heartbeats and looks of an idle member, and one login. */
const idleMemberHour = 0.003375;
const login = 0.00000982;

tool('bench:cost', 'What the deployed template costs a month, at list prices.').parse();

const { all, of, only } = await synthesized();

const byType = new Map<string, { count: number; dollars: number }>();
for (const resource of all()) {
  const dollars = monthlyPriceOf(resource);
  if (dollars === 0) continue;
  const line = byType.get(resource.type) ?? { count: 0, dollars: 0 };
  byType.set(resource.type, { count: line.count + 1, dollars: line.dollars + dollars });
}
const rows: [string, number, number][] = [...byType].map(([type, line]) => [
  type,
  line.count,
  line.dollars,
]);
rows.push(['figures of the fleet', fleetFigures, fleetFigures * figurePrice]);
const fixed = rows.reduce((sum, [, , dollars]) => sum + dollars, 0);

const type = firstType(only('AWS::AutoScaling::AutoScalingGroup'));
const diskGb = diskOf(of('AWS::EC2::LaunchTemplate')[0]);
const member: [string, number][] = [
  [`${type}, on demand`, (instanceHour[type] ?? Number.NaN) * monthHours],
  ['public IPv4', addressPrice],
  [`disk, ${diskGb} GB`, diskGb * prices.diskGbMonth],
  ['detailed monitoring', monitoringPrice],
  ['heartbeats and looks (bench:login)', idleMemberHour * monthHours],
];
const perMember = member.reduce((sum, [, dollars]) => sum + dollars, 0);

say('The stack without members, $ a month:');
say(table(['', 'count', '$'], [...rows, ['all', '', fixed]]));
say('\nA member, $ a month:');
say(table(['', '$'], [...member, ['all', perMember]]));
say('\nThe cluster, $ a month; Spot machines cost about a third of what they do on demand:');
const sizes = [settings.memberCountMin, 4, settings.memberCountMax];
const sums = sizes.map((count): [string, string, number] => [
  `${count} members`,
  `${(count * settings.memberSessionsMax).toLocaleString('en')} sessions`,
  fixed + count * perMember,
]);
say(table(['', 'places', '$'], [['nobody, scaled to zero', '0 sessions', fixed], ...sums]));
say(`\nA million logins: $${(login * 1e6).toFixed(2)}. Traffic that leaves AWS: $0.09 a GB.`);
say('us-east-1, without free tiers and volume discounts.');

function firstType({ properties }: SynthesizedResource): string {
  const policy = properties['MixedInstancesPolicy'] as {
    LaunchTemplate: { Overrides: { InstanceType: string }[] };
  };
  return policy.LaunchTemplate.Overrides[0]?.InstanceType ?? '';
}

function diskOf(template: SynthesizedResource | undefined): number {
  const data = template?.properties['LaunchTemplateData'] as {
    BlockDeviceMappings: { Ebs: { VolumeSize: number } }[];
  };
  return data.BlockDeviceMappings.reduce((sum, { Ebs: disk }) => sum + disk.VolumeSize, 0);
}

function table(head: readonly string[], lines: readonly (readonly (string | number)[])[]): string {
  return columns(
    [...head],
    lines.map((line) =>
      line.map((cell, index) =>
        typeof cell === 'number' && index === line.length - 1 ? cell.toFixed(2) : String(cell),
      ),
    ),
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
