import { Stack } from 'aws-cdk-lib';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct, type IConstruct } from 'constructs';

export interface AlarmTopicProps {
  readonly key: IKey;
  readonly email: string | undefined;
}

/** Whom alarms tell. Others than `email` subscribe to the topic as they like. */
export class AlarmTopic extends Construct {
  private readonly topic: Topic;

  constructor(scope: Construct, id: string, props: AlarmTopicProps) {
    super(scope, id);
    const { key } = props;
    const { account } = Stack.of(this);
    this.topic = new Topic(this, 'Topic', {
      displayName: 'etherfleet',
      masterKey: key,
      enforceSSL: true,
    });
    if (props.email !== undefined) this.topic.addSubscription(new EmailSubscription(props.email));
    const ours = { StringEquals: { 'aws:SourceAccount': account } };
    const cloudWatch = new ServicePrincipal('cloudwatch.amazonaws.com');
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [cloudWatch],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: ours,
      }),
    );
    key.addToResourcePolicy(
      new PolicyStatement({
        principals: [cloudWatch],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'], // in a key's own policy: this key
        conditions: ours,
      }),
    );
  }

  /** Let every alarm below `scope` ring here. */
  hear(scope: IConstruct): void {
    const action = new SnsAction(this.topic);
    for (const construct of scope.node.findAll()) {
      if (construct instanceof Alarm) construct.addAlarmAction(action);
    }
  }
}
