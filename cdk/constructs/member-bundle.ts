import { AssetHashType, Stack } from 'aws-cdk-lib';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { memberProgram } from './bundle.ts';
import { bundling } from './bundling.ts';
import { repositoryRoot } from './repository-root.ts';

/** The node agent as one directory of bundled ES modules, zipped into the assets bucket. */
export class MemberBundle extends Construct {
  /** `s3://bucket/key` of the zip. */
  readonly objectUrl: string;
  private readonly asset: Asset;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.asset = new Asset(this, 'Asset', {
      path: `${repositoryRoot}/node-agent`,
      assetHashType: AssetHashType.OUTPUT,
      bundling: bundling(memberProgram),
    });
    this.objectUrl = this.asset.s3ObjectUrl;
  }

  /** Let a role download the bundle: this one object. */
  grantDownload(role: IRole): void {
    const arn = Stack.of(this).formatArn({
      service: 's3',
      account: '',
      region: '',
      resource: this.asset.s3BucketName,
      resourceName: this.asset.s3ObjectKey,
    });
    role.addToPrincipalPolicy(new PolicyStatement({ actions: ['s3:GetObject'], resources: [arn] }));
  }
}
