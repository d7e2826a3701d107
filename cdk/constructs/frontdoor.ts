import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Members } from './members.ts';
import { NodeFunction } from './node-function.ts';
import type { AdminPassword, ClusterSecret } from './secrets.ts';
import type { StateTable } from './state-table.ts';

export interface FrontdoorProps {
  readonly table: StateTable;
  readonly clusterSecret: ClusterSecret;
  readonly adminPassword: AdminPassword;
  readonly members: Members;
}

/** SoftEther's face: answers logins with a redirect or an error, nothing else. */
export class Frontdoor extends Construct {
  readonly lambda: NodeFunction;

  constructor(scope: Construct, id: string, props: FrontdoorProps) {
    super(scope, id);
    this.lambda = new NodeFunction(this, 'Function', {
      folder: 'frontdoor',
      timeout: Duration.seconds(10), // a client waits 15 s for each answer (protocol/02 §2)
      memoryMb: 1_024,
    });
    props.table.grantItems(this.lambda);
    props.clusterSecret.grantRead(this.lambda);
    props.adminPassword.grantRead(this.lambda);
    props.members.grantWake(this.lambda); // by a login that finds no member at all
  }
}
