/** Where the local stack pretends to be. fauxqs knows this account only. */
export const place = {
  region: 'eu-central-1',
  account: '000000000000',
  partition: 'aws',
  stackName: 'Etherfleet',
} as const;

/** `AWS::…` values, as the resolver wants them. */
export const pseudoParameters: Readonly<Record<string, string>> = {
  'AWS::Region': place.region,
  'AWS::AccountId': place.account,
  'AWS::Partition': place.partition,
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::StackName': place.stackName,
  'AWS::StackId': arn('cloudformation', `stack/${place.stackName}/1`),
};

/** An ARN in this place. IAM and STS have no region. */
export function arn(service: string, resource: string): string {
  const region = service === 'iam' || service === 'sts' ? '' : place.region;
  return `arn:${place.partition}:${service}:${region}:${place.account}:${resource}`;
}
