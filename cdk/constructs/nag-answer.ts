import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Answer a finding of cdk-nag's AwsSolutions rules (`test/cdk/cdk-nag.test.ts`) with a reason. */
export function answerNag(construct: IConstruct, finding: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions-${finding}`, reason });
}
