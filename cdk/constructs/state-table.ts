import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  BillingMode,
  type ITable,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { env } from '#functions/env.ts';

/**
 * What a function may do to items. No Scan: a scan as a query is a design fault. No table actions.
 */
const itemActions = [
  'dynamodb:GetItem',
  'dynamodb:BatchGetItem',
  'dynamodb:Query',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
];

/** To see who is there, and change nothing. */
const readActions = ['dynamodb:BatchGetItem', 'dynamodb:Query'];

/** The one table all state lives in. It outlives the stack. */
export class StateTable extends Construct {
  readonly table: ITable;

  /** `name`: of a table that was restored, and takes the place of the stack's own. */
  constructor(scope: Construct, id: string, { name }: { readonly name: string | undefined }) {
    super(scope, id);
    const table = name === undefined ? this.own() : Table.fromTableName(this, 'Restored', name);
    this.table = table as ITable; // as in network.ts: the library's own types disagree
  }

  private own(): Table {
    return new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: 'ttl', // garbage collection, never a timer
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  /** Let `lambda` read and write items, and tell it the table's name. */
  grantItems(lambda: LambdaFunction): void {
    this.grant(lambda, itemActions);
  }

  /** Let `lambda` read items, and tell it the table's name. */
  grantRead(lambda: LambdaFunction): void {
    this.grant(lambda, readActions);
  }

  private grant(lambda: LambdaFunction, actions: string[]): void {
    lambda.addToRolePolicy(new PolicyStatement({ actions, resources: [this.table.tableArn] }));
    lambda.addEnvironment(env.tableName, this.table.tableName);
  }
}
