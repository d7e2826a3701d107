import {
  Alarm,
  type AlarmProps,
  ComparisonOperator,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';

export interface RunbookAlarmProps extends Pick<AlarmProps, 'metric' | 'threshold'> {
  /** One sentence: what is broken, in the operator's words. */
  readonly meaning: string;
  /** Heading in `docs/operating/runbook.md` that says what to do, as its anchor. */
  readonly runbook: string;
  /** Rings below the threshold instead of from it on. */
  readonly below?: boolean;
  /** Rings when so many periods in a row say so; 1 unless told. */
  readonly periods?: number;
  /** Whether silence rings too: for what is to be heard of each minute. */
  readonly silenceRings?: boolean;
}

/** An alarm that tells its reader where to read on. Rings at once; silence is health. */
export class RunbookAlarm extends Alarm {
  constructor(scope: Construct, id: string, props: RunbookAlarmProps) {
    const { below = false, periods = 1, silenceRings = false } = props;
    super(scope, id, {
      metric: props.metric,
      threshold: props.threshold,
      comparisonOperator: below
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: silenceRings ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
      alarmDescription: `${props.meaning} See docs/operating/runbook.md#${props.runbook}`,
    });
  }
}
