import { Duration } from 'aws-cdk-lib';
import {
  AdjustmentType,
  type AutoScalingGroup,
  CfnScalingPolicy,
  Schedule,
} from 'aws-cdk-lib/aws-autoscaling';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { env, fleetMetrics } from '#functions/env.ts';
import type { Settings } from '../settings.ts';
import { fleetMetric } from './fleet-metric.ts';
import { RunbookAlarm } from './runbook-alarm.ts';

export interface MemberScalingProps {
  readonly group: AutoScalingGroup;
  readonly settings: Settings;
}

/**
 * How many members there are (ADR 0028). Each policy may add; one is removed only if all of them
 * agree, and then it drains first: its sessions count against those who stay. In a group that may
 * be empty sessions alone decide who is removed.
 */
export class MemberScaling extends Construct {
  /** Name and value of what tells a function how to add one machine. */
  readonly wakeVariable: [name: string, value: string];

  constructor(scope: Construct, id: string, { group, settings }: MemberScalingProps) {
    super(scope, id);
    group.scaleToTrackMetric('OnSessions', {
      metric: fleetMetric(this, fleetMetrics.utilization, 'Average'),
      targetValue: 100 - settings.spareCapacityPercent,
    });
    // A processor is never quite idle, and Auto Scaling rounds up: its guard would keep the last.
    const disableScaleIn = mayBeEmpty(settings);
    group.scaleOnCpuUtilization('OnCpu', {
      targetUtilizationPercent: settings.memberCpuPercentMax,
      disableScaleIn,
    });
    group.scaleOnOutgoingBytes('OnNetwork', {
      targetBytesPerSecond: settings.memberBytesOutPerMinuteMax,
      disableScaleIn,
    });
    for (const { name, cron, timeZone, countMin, countMax } of settings.schedules) {
      group.scaleOnSchedule(name, {
        schedule: Schedule.expression(cron),
        minCapacity: countMin,
        ...(countMax !== undefined && { maxCapacity: countMax }),
        ...(timeZone !== undefined && { timeZone }),
      });
    }
    const wake = new CfnScalingPolicy(this, 'Wake', {
      autoScalingGroupName: group.autoScalingGroupName,
      policyType: 'SimpleScaling',
      adjustmentType: AdjustmentType.CHANGE_IN_CAPACITY,
      scalingAdjustment: 1,
    });
    this.wakeVariable = [env.wakePolicyArn, wake.ref];
    new RunbookAlarm(this, 'Missing', {
      metric: missing(group),
      threshold: 1,
      periods: 15, // three launches that are given up
      meaning: 'Machines that are wanted do not come, or none of their members joins.',
      runbook: 'machines-missing',
    });
    new RunbookAlarm(this, 'Full', {
      metric: fleetMetric(this, fleetMetrics.utilization, 'Maximum'),
      threshold: 95,
      periods: 5,
      meaning: 'Members are nearly full and no more are coming.',
      runbook: 'fleet-full',
    });
  }
}

function mayBeEmpty({ memberCountMin, schedules }: Settings): boolean {
  return [memberCountMin, ...schedules.map(({ countMin }) => countMin)].includes(0);
}

/** Machines the group wants and has not in service. */
function missing({ autoScalingGroupName }: AutoScalingGroup): MathExpression {
  const figure = (metricName: string, statistic: string): Metric =>
    new Metric({
      namespace: 'AWS/AutoScaling',
      metricName,
      dimensionsMap: { AutoScalingGroupName: autoScalingGroupName },
      statistic,
    });
  return new MathExpression({
    expression: 'wanted - serving',
    usingMetrics: {
      wanted: figure('GroupDesiredCapacity', 'Minimum'),
      serving: figure('GroupInServiceInstances', 'Maximum'),
    },
    period: Duration.minutes(1),
  });
}
