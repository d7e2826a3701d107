import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { NodeFunction } from './node-function.ts';
import type { AdminPassword, ClusterSecret } from './secrets.ts';
import type { StateTable } from './state-table.ts';

export interface AdminProps {
  readonly table: StateTable;
  readonly clusterSecret: ClusterSecret;
  readonly adminPassword: AdminPassword;
}

/** What administrators talk to: SoftEther's JSON-RPC at `/api`. */
export class Admin extends Construct {
  readonly lambda: NodeFunction;

  constructor(scope: Construct, id: string, props: AdminProps) {
    super(scope, id);
    this.lambda = new NodeFunction(this, 'Function', {
      folder: 'admin',
      timeout: Duration.seconds(25),
      memoryMb: 1_024,
    });
    props.table.grantItems(this.lambda);
    props.clusterSecret.grantRead(this.lambda);
    props.adminPassword.grantRead(this.lambda);
  }
}
