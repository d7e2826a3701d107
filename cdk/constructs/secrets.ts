import { RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Secret, type SecretStringGenerator } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { env } from '#functions/env.ts';

/** A generated secret whose reader gets the permission and its ARN in one call. */
class ReadableSecret extends Construct {
  readonly arn: string;
  private readonly variable: string;

  constructor(
    scope: Construct,
    id: string,
    props: { description: string; variable: string; generate: SecretStringGenerator },
  ) {
    super(scope, id);
    const secret = new Secret(this, 'Secret', {
      description: props.description,
      generateSecretString: props.generate,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.arn = secret.secretArn;
    this.variable = props.variable;
  }

  grantRead(lambda: LambdaFunction): void {
    lambda.addToRolePolicy(
      new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [this.arn] }),
    );
    lambda.addEnvironment(this.variable, this.arn);
  }
}

/** The key all control-plane functions share: JSON `{"key": "<64 characters>"}`. */
export class ClusterSecret extends ReadableSecret {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      description: 'Key of etherfleet challenges (JSON, "key")',
      variable: env.clusterSecretArn,
      generate: {
        secretStringTemplate: '{}',
        generateStringKey: 'key',
        passwordLength: 64,
        excludePunctuation: true,
      },
    });
  }
}

/** The first server administrator password: a plain string. */
export class AdminPassword extends ReadableSecret {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      description: 'First server administrator password of etherfleet',
      variable: env.adminPasswordArn,
      generate: { passwordLength: 24, excludePunctuation: true },
    });
  }
}
