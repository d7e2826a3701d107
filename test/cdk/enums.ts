/**
 * Values CloudFormation takes for properties that are one of a list, from the resource types'
 * reference pages: the offline validator does not look at them. By type and path; `[]` is any item.
 */
const lists: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'AWS::DynamoDB::Table': {
    BillingMode: ['PAY_PER_REQUEST', 'PROVISIONED'],
    'AttributeDefinitions[].AttributeType': ['S', 'N', 'B'],
    'KeySchema[].KeyType': ['HASH', 'RANGE'],
  },
  'AWS::Lambda::Function': {
    Runtime: ['nodejs20.x', 'nodejs22.x', 'nodejs24.x'],
    'Architectures[]': ['arm64', 'x86_64'],
    PackageType: ['Image', 'Zip'],
    RecursiveLoop: ['Allow', 'Terminate'],
  },
  'AWS::Lambda::Url': {
    AuthType: ['AWS_IAM', 'NONE'],
    InvokeMode: ['BUFFERED', 'RESPONSE_STREAM'],
  },
  'AWS::Lambda::Permission': { Action: ['lambda:InvokeFunction', 'lambda:InvokeFunctionUrl'] },
  'AWS::Lambda::EventSourceMapping': { 'FunctionResponseTypes[]': ['ReportBatchItemFailures'] },
  'AWS::EC2::EIP': { Domain: ['vpc'] },
  'AWS::EC2::VPC': { InstanceTenancy: ['default', 'dedicated', 'host'] },
  'AWS::EC2::SecurityGroup': {
    'SecurityGroupIngress[].IpProtocol': ['tcp', 'udp', 'icmp', 'icmpv6', '-1'],
    'SecurityGroupEgress[].IpProtocol': ['tcp', 'udp', 'icmp', 'icmpv6', '-1'],
  },
  'AWS::EC2::SecurityGroupIngress': { IpProtocol: ['tcp', 'udp', 'icmp', 'icmpv6', '-1'] },
  'AWS::EC2::LaunchTemplate': {
    'LaunchTemplateData.MetadataOptions.HttpTokens': ['optional', 'required'],
    'LaunchTemplateData.MetadataOptions.InstanceMetadataTags': ['disabled', 'enabled'],
    'LaunchTemplateData.BlockDeviceMappings[].Ebs.VolumeType': [
      ...['gp2', 'gp3', 'io1', 'io2', 'sc1', 'st1', 'standard'],
    ],
    'LaunchTemplateData.TagSpecifications[].ResourceType': [
      ...['instance', 'volume', 'network-interface', 'spot-instances-request'],
    ],
    'TagSpecifications[].ResourceType': ['launch-template'],
  },
  'AWS::AutoScaling::AutoScalingGroup': {
    'MetricsCollection[].Granularity': ['1Minute'],
    'MixedInstancesPolicy.InstancesDistribution.OnDemandAllocationStrategy': [
      ...['lowest-price', 'prioritized'],
    ],
    'MixedInstancesPolicy.InstancesDistribution.SpotAllocationStrategy': [
      ...['capacity-optimized', 'capacity-optimized-prioritized', 'lowest-price'],
      'price-capacity-optimized',
    ],
    'TerminationPolicies[]': [
      ...['AllocationStrategy', 'ClosestToNextInstanceHour', 'Default', 'NewestInstance'],
      ...['OldestInstance', 'OldestLaunchConfiguration', 'OldestLaunchTemplate'],
    ],
    'LifecycleHookSpecificationList[].DefaultResult': ['ABANDON', 'CONTINUE'],
    'LifecycleHookSpecificationList[].LifecycleTransition': [
      ...['autoscaling:EC2_INSTANCE_LAUNCHING', 'autoscaling:EC2_INSTANCE_TERMINATING'],
    ],
  },
  'AWS::AutoScaling::ScalingPolicy': {
    PolicyType: ['PredictiveScaling', 'SimpleScaling', 'StepScaling', 'TargetTrackingScaling'],
    AdjustmentType: ['ChangeInCapacity', 'ExactCapacity', 'PercentChangeInCapacity'],
    'TargetTrackingConfiguration.CustomizedMetricSpecification.Statistic': [
      ...['Average', 'Maximum', 'Minimum', 'SampleCount', 'Sum'],
    ],
    'TargetTrackingConfiguration.PredefinedMetricSpecification.PredefinedMetricType': [
      ...['ALBRequestCountPerTarget', 'ASGAverageCPUUtilization'],
      ...['ASGAverageNetworkIn', 'ASGAverageNetworkOut'],
    ],
  },
  'AWS::ElasticLoadBalancingV2::LoadBalancer': {
    Type: ['application', 'gateway', 'network'],
    Scheme: ['internal', 'internet-facing'],
  },
  'AWS::ElasticLoadBalancingV2::Listener': {
    Protocol: ['HTTP', 'HTTPS', 'TCP', 'TCP_UDP', 'TLS', 'UDP'],
    SslPolicy: [
      'ELBSecurityPolicy-TLS13-1-2-2021-06',
      'ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09',
      'ELBSecurityPolicy-TLS13-1-2-PQ-2025-09',
    ],
    'DefaultActions[].Type': ['authenticate-oidc', 'fixed-response', 'forward', 'redirect'],
  },
  'AWS::ElasticLoadBalancingV2::ListenerRule': {
    'Actions[].Type': ['authenticate-oidc', 'fixed-response', 'forward', 'redirect'],
    'Conditions[].Field': [
      ...['host-header', 'http-header', 'http-request-method', 'path-pattern'],
      ...['query-string', 'source-ip'],
    ],
  },
  'AWS::ElasticLoadBalancingV2::TargetGroup': {
    TargetType: ['alb', 'instance', 'ip', 'lambda'],
    Protocol: ['HTTP', 'HTTPS', 'TCP', 'TCP_UDP', 'TLS', 'UDP'],
    HealthCheckProtocol: ['HTTP', 'HTTPS', 'TCP'],
  },
  'AWS::CloudWatch::Alarm': {
    ComparisonOperator: [
      ...['GreaterThanOrEqualToThreshold', 'GreaterThanThreshold'],
      ...['LessThanOrEqualToThreshold', 'LessThanThreshold'],
    ],
    Statistic: ['Average', 'Maximum', 'Minimum', 'SampleCount', 'Sum'],
    TreatMissingData: ['breaching', 'ignore', 'missing', 'notBreaching'],
  },
  'AWS::Events::Rule': { State: ['DISABLED', 'ENABLED'] },
};

/** Values that are on no list, as `Id.path: value`. References are not values yet. */
export function enumFaults(template: unknown): string[] {
  const { Resources: resources } = template as {
    Resources: Record<string, { Type: string; Properties?: unknown }>;
  };
  return Object.entries(resources).flatMap(([id, { Type: type, Properties: properties }]) =>
    Object.entries(lists[type] ?? {}).flatMap(([path, allowed]) =>
      valuesAt(properties, path.split('.'))
        .filter((value) => typeof value === 'string' && !allowed.includes(value))
        .map((value) => `${id}.${path}: ${String(value)}`),
    ),
  );
}

function valuesAt(value: unknown, [step, ...rest]: readonly string[]): unknown[] {
  if (step === undefined) return [value];
  if (typeof value !== 'object' || value === null) return [];
  const child = (value as Record<string, unknown>)[step.replace('[]', '')];
  if (child === undefined) return [];
  if (!step.endsWith('[]')) return valuesAt(child, rest);
  return Array.isArray(child) ? child.flatMap((item) => valuesAt(item, rest)) : [];
}
