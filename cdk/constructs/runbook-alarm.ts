import { Alarm, type AlarmProps, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';

export interface RunbookAlarmProps extends Pick<AlarmProps, 'metric' | 'threshold'> {
  /** One sentence: what is broken, in the operator's words. */
  readonly meaning: string;
  /** Heading in `docs/operating/runbook.md` that says what to do, as its anchor. */
  readonly runbook: string;
}

/** An alarm that tells its reader where to read on. Rings at once; silence is health. */
export class RunbookAlarm extends Alarm {
  constructor(scope: Construct, id: string, props: RunbookAlarmProps) {
    super(scope, id, {
      metric: props.metric,
      threshold: props.threshold,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: `${props.meaning} See docs/operating/runbook.md#${props.runbook}`,
    });
  }
}
