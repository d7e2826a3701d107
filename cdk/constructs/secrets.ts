import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Secret, type SecretStringGenerator } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { env } from '#functions/env.ts';
import { answerNag } from './nag-answer.ts';

/** Kept when the stack is deleted; a first deployment that failed leaves nothing to pay for. */
const outlivesStack = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;

/** What encrypts secrets, and what alarms say. Outlives the stack, as the secrets do. */
export class SecretsKey extends Construct {
  readonly key: Key;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.key = new Key(this, 'Key', {
      description: 'Secrets of etherfleet',
      enableKeyRotation: true,
      removalPolicy: outlivesStack,
    });
  }
}

interface ReadableSecretProps {
  readonly description: string;
  readonly variable: string;
  readonly generate: SecretStringGenerator;
  readonly key: IKey;
}

/** A generated secret whose reader gets permissions and its ARN in one call. */
class ReadableSecret extends Construct {
  readonly arn: string;
  private readonly variable: string;
  private readonly key: IKey;

  constructor(scope: Construct, id: string, props: ReadableSecretProps) {
    super(scope, id);
    const secret = new Secret(this, 'Secret', {
      description: props.description,
      encryptionKey: props.key,
      generateSecretString: props.generate,
      removalPolicy: outlivesStack,
    });
    answerNag(
      secret,
      'SMG4',
      'What is sealed with the one would have to be sealed anew, and the other is only the first ' +
        'password: docs/operating/deployment.md says how both are changed by hand.',
    );
    this.arn = secret.secretArn;
    this.variable = props.variable;
    this.key = props.key;
  }

  grantRead(lambda: LambdaFunction): void {
    lambda.addToRolePolicy(
      new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [this.arn] }),
    );
    // Of what the key encrypts, only this secret, and only by way of Secrets Manager.
    lambda.addToRolePolicy(
      new PolicyStatement({
        actions: ['kms:Decrypt'],
        resources: [this.key.keyArn],
        conditions: {
          StringEquals: {
            'kms:ViaService': `secretsmanager.${Stack.of(this).region}.amazonaws.com`,
            'kms:EncryptionContext:SecretARN': this.arn,
          },
        },
      }),
    );
    lambda.addEnvironment(this.variable, this.arn);
  }
}

/** The key all control-plane functions share: JSON `{"key": "<64 characters>"}`. */
export class ClusterSecret extends ReadableSecret {
  constructor(scope: Construct, id: string, props: { readonly key: IKey }) {
    super(scope, id, {
      ...props,
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
  constructor(scope: Construct, id: string, props: { readonly key: IKey }) {
    super(scope, id, {
      ...props,
      description: 'First server administrator password of etherfleet',
      variable: env.adminPasswordArn,
      generate: { passwordLength: 24, excludePunctuation: true },
    });
  }
}
