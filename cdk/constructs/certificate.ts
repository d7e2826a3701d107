import { CustomResource, Duration, Stack } from 'aws-cdk-lib';
import { Certificate, CertificateValidation } from 'aws-cdk-lib/aws-certificatemanager';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnRecordSet, PublicHostedZone } from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import { certificateMessage, certificateTag, env } from '#functions/env.ts';
import type { CertificateChoice } from '../certificate-choice.ts';
import { answerNag } from './nag-answer.ts';
import { NodeFunction } from './node-function.ts';
import { RunbookAlarm } from './runbook-alarm.ts';
import { WorkQueue } from './work-queue.ts';

const timeout = Duration.seconds(30);
/** Load balancers ask for a name with dots; nobody asks for this one. */
const placeholderName = 'front-door.etherfleet.internal';

export interface FrontDoorCertificateProps {
  readonly choice: CertificateChoice;
  /** Of the front door. */
  readonly addresses: readonly string[];
}

/** The certificate of the front door, wherever it comes from. */
export class FrontDoorCertificate extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, { choice, addresses }: FrontDoorCertificateProps) {
    super(scope, id);
    switch (choice.kind) {
      case 'given':
        this.arn = choice.arn;
        break;
      case 'domain': {
        const { domainName, hostedZoneId } = choice;
        const hostedZone = PublicHostedZone.fromPublicHostedZoneAttributes(this, 'Zone', {
          hostedZoneId,
          zoneName: domainName, // or above it: only the id is looked at
        });
        this.arn = new Certificate(this, 'Issued', {
          domainName,
          validation: CertificateValidation.fromDns(hostedZone),
        }).certificateArn;
        new CfnRecordSet(this, 'Name', {
          hostedZoneId,
          name: domainName,
          type: 'A',
          ttl: '300',
          resourceRecords: [...addresses],
        });
        break;
      }
      case 'self-signed':
        this.arn = new SelfSignedCertificate(this, 'SelfSigned', { addresses }).arn;
        break;
    }
    new RunbookAlarm(this, 'Expires', {
      metric: new Metric({
        namespace: 'AWS/CertificateManager',
        metricName: 'DaysToExpiry',
        dimensionsMap: { CertificateArn: this.arn },
        period: Duration.days(1),
        statistic: 'Minimum',
      }),
      threshold: 20, // ACM and our own schedule have renewed it long before
      below: true,
      meaning: 'The front door’s certificate ends soon and nobody renewed it.',
      runbook: 'certificate-expires',
    });
  }
}

/** A certificate of the stack's own making: kept in ACM, renewed by a schedule. */
class SelfSignedCertificate extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, props: { readonly addresses: readonly string[] }) {
    super(scope, id);
    const names = [placeholderName, ...props.addresses];
    const queue = new WorkQueue(this, {
      timeout,
      variable: env.certificateQueueUrl,
      meaning: 'The front door’s certificate was not renewed, or not deleted with its stack.',
      runbook: 'certificate-dead-letters',
    });
    const lambda = new NodeFunction(this, 'Function', {
      folder: 'certificate',
      timeout,
      memoryMb: 256,
    });
    lambda.addEnvironment(env.clusterName, Stack.of(this).stackName);
    queue.feed(lambda, { batchSize: 1, maxConcurrency: 2 });
    queue.grantSend(lambda);
    this.grantCertificates(lambda);

    const resource = new CustomResource(this, 'Certificate', {
      resourceType: 'Custom::SelfSignedCertificate',
      serviceToken: lambda.functionArn,
      serviceTimeout: Duration.minutes(15),
      properties: { Names: names },
    });
    // All it takes to be deleted is there for as long as it is.
    resource.node.addDependency(lambda);
    if (lambda.role !== undefined) resource.node.addDependency(lambda.role);
    this.arn = resource.ref;

    new Rule(this, 'EachDay', {
      description: 'Look whether the front door’s certificate is to be renewed',
      schedule: Schedule.rate(Duration.days(1)),
      targets: [
        queue.target(RuleTargetInput.fromObject(certificateMessage.renew(this.arn, names))),
      ],
    });
  }

  /** Of the account's certificates those that this cluster's function made, told by their tag. */
  private grantCertificates(lambda: NodeFunction): void {
    const any = Stack.of(this).formatArn({
      service: 'acm',
      resource: 'certificate',
      resourceName: '*',
    });
    const cluster = Stack.of(this).stackName;
    if (lambda.role !== undefined) {
      answerNag(
        lambda.role,
        'IAM5[Resource::arn:<AWS::Partition>:acm:<AWS::Region>:<AWS::AccountId>:certificate/*]',
        'Nobody knows an ARN before the certificate is there; conditions ask for its tag.',
      );
    }
    lambda.addToRolePolicy(
      new PolicyStatement({
        actions: ['acm:ImportCertificate', 'acm:AddTagsToCertificate'],
        resources: [any],
        conditions: { StringEquals: { [`aws:RequestTag/${certificateTag}`]: cluster } },
      }),
    );
    lambda.addToRolePolicy(
      new PolicyStatement({
        actions: ['acm:ImportCertificate', 'acm:DescribeCertificate', 'acm:DeleteCertificate'],
        resources: [any],
        conditions: { StringEquals: { [`aws:ResourceTag/${certificateTag}`]: cluster } },
      }),
    );
  }
}
