/** What this machine makes of a resource's properties. */
export interface KnownProperties {
  /** Paths some module of the local stack acts upon, or refuses by name. */
  readonly used: readonly string[];
  /** Paths without a meaning on this machine, each with its reason. */
  readonly aside?: Readonly<Record<string, string>>;
}

const tags = { Tags: 'nobody searches or bills this machine by tags' };
const description = { Description: 'for readers of the console' };
const noHealthChecks = 'a target here is a process of the stack, watched as such';
const noNetwork = 'processes here share the machine’s own network';
const noDisks = 'the table is files of this user';
const healthChecks = Object.fromEntries(
  [
    ...['HealthCheckEnabled', 'HealthCheckIntervalSeconds', 'HealthCheckPath', 'HealthCheckPort'],
    ...['HealthCheckProtocol', 'HealthCheckTimeoutSeconds', 'HealthyThresholdCount'],
    ...['UnhealthyThresholdCount', 'Matcher'],
  ].map((name) => [name, noHealthChecks]),
);

/**
 * The properties of each type that exists here. A path covers all below it; an item of a list has
 * its list's path, and `{Key, Value}` in a list is a property named by its key. What is not listed
 * is an error: AWS would do something with it, and the local stack would not.
 */
export const knownProperties: Readonly<Record<string, KnownProperties>> = {
  'AWS::DynamoDB::Table': {
    used: [...['AttributeDefinitions', 'KeySchema', 'BillingMode', 'GlobalSecondaryIndexes']],
    aside: {
      TimeToLiveSpecification: 'garbage collection only; nothing waits for it',
      PointInTimeRecoverySpecification: 'a copy of the data folder is the backup here',
      DeletionProtectionEnabled: 'whoever may delete the data folder may delete the table',
      'SSESpecification.SSEEnabled': noDisks,
      'SSESpecification.SSEType': noDisks,
      OnDemandThroughput: 'this machine is the throughput',
      ContributorInsightsSpecification: 'a report for people',
      TableClass: 'a price',
      ...tags,
    },
  },
  'AWS::SecretsManager::Secret': {
    used: ['GenerateSecretString', 'KmsKeyId'],
    aside: { ...description, ...tags },
  },
  'AWS::SQS::Queue': {
    used: [
      ...['VisibilityTimeout', 'MessageRetentionPeriod', 'DelaySeconds', 'RedrivePolicy'],
      ...['MaximumMessageSize', 'ReceiveMessageWaitTimeSeconds', 'KmsMasterKeyId'],
    ],
    aside: {
      SqsManagedSseEnabled: 'messages are in files of this user',
      KmsDataKeyReusePeriodSeconds: 'no key is rented by the call',
      RedriveAllowPolicy: 'no queue but the template’s redrives here',
      ...tags,
    },
  },
  'AWS::SQS::QueuePolicy': { used: ['Queues', 'PolicyDocument'] },
  'AWS::KMS::Key': {
    used: ['KeyPolicy', 'Enabled'],
    aside: {
      EnableKeyRotation: 'nothing is encrypted with it here; who may use it is checked',
      RotationPeriodInDays: 'as rotation',
      PendingWindowInDays: 'nothing is deleted here',
      ...{ KeySpec: 'as rotation', KeyUsage: 'as rotation', MultiRegion: 'one place here' },
      ...description,
      ...tags,
    },
  },
  'AWS::CertificateManager::Certificate': {
    used: [],
    aside: Object.fromEntries(
      ['DomainName', 'DomainValidationOptions', 'ValidationMethod', 'Tags'].map((name) => [
        name,
        'nobody issues certificates here: the load balancer is given one that is made aside',
      ]),
    ),
  },
  'AWS::Logs::LogGroup': {
    used: [],
    aside: {
      RetentionInDays: 'logs are files of bounded size',
      LogGroupClass: 'a price',
      ...tags,
    },
  },
  'AWS::Lambda::Function': {
    used: [
      ...['Code.S3Bucket', 'Code.S3Key', 'Role', 'Handler', 'Runtime', 'Timeout', 'MemorySize'],
      ...['Environment', 'ReservedConcurrentExecutions', 'LoggingConfig.LogGroup'],
      'RecursiveLoop',
    ],
    aside: {
      Architectures: 'this machine has the one it has',
      'LoggingConfig.LogFormat': 'logs are files',
      'LoggingConfig.ApplicationLogLevel': 'logs are files',
      'LoggingConfig.SystemLogLevel': 'logs are files',
      TracingConfig: 'traces are not collected here',
      EphemeralStorage: 'functions write no files',
      KmsKeyArn: 'variables are not stored here',
      ...description,
      ...tags,
    },
  },
  'AWS::Lambda::Url': { used: ['AuthType', 'TargetFunctionArn', 'InvokeMode'] },
  'AWS::Lambda::Permission': {
    used: ['Action', 'FunctionName', 'Principal', 'SourceArn'],
    aside: { SourceAccount: 'there is one account' },
  },
  'AWS::Lambda::EventSourceMapping': {
    used: [
      ...['BatchSize', 'EventSourceArn', 'FunctionName', 'FunctionResponseTypes', 'Enabled'],
      ...['ScalingConfig.MaximumConcurrency', 'MaximumBatchingWindowInSeconds'],
    ],
    aside: tags,
  },
  'AWS::IAM::Role': {
    used: ['AssumeRolePolicyDocument', 'Policies', 'ManagedPolicyArns'],
    aside: {
      MaxSessionDuration: 'credentials here live as long as EC2’s and Lambda’s',
      ...description,
      ...tags,
    },
  },
  'AWS::IAM::Policy': { used: ['PolicyDocument', 'Roles', 'Users', 'Groups', 'PolicyName'] },
  'AWS::IAM::ManagedPolicy': {
    used: ['PolicyDocument', 'Roles', 'Users', 'Groups', 'Path'],
    aside: description,
  },
  'AWS::IAM::Group': { used: ['ManagedPolicyArns', 'Policies', 'Path'] },
  'AWS::IAM::User': {
    used: ['UserName', 'Path', 'Groups', 'Policies', 'ManagedPolicyArns'],
    aside: tags,
  },
  'AWS::IAM::InstanceProfile': { used: ['Roles'] },
  'AWS::ElasticLoadBalancingV2::LoadBalancer': {
    used: ['Type', 'LoadBalancerAttributes.idle_timeout.timeout_seconds'],
    aside: {
      Scheme: noNetwork,
      SecurityGroups: noNetwork,
      Subnets: noNetwork,
      SubnetMappings: noNetwork,
      IpAddressType: noNetwork,
      EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic: noNetwork,
      'LoadBalancerAttributes.routing.http.drop_invalid_header_fields.enabled':
        'a request with such a field is refused here',
      'LoadBalancerAttributes.deletion_protection.enabled': 'it ends with the stack',
      'LoadBalancerAttributes.load_balancing.cross_zone.enabled': 'there is one zone',
      'LoadBalancerAttributes.access_logs.s3.enabled': 'trouble is in local.log',
      'LoadBalancerAttributes.access_logs.s3.bucket': 'as access logs',
      'LoadBalancerAttributes.access_logs.s3.prefix': 'as access logs',
      'LoadBalancerAttributes.routing.http2.enabled': 'HTTP/1.1 here; genuine clients speak it',
      'LoadBalancerAttributes.dns_record.client_routing_policy': noNetwork,
      ...tags,
    },
  },
  'AWS::ElasticLoadBalancingV2::Listener': {
    used: [
      ...['DefaultActions', 'LoadBalancerArn', 'Port', 'Protocol', 'Certificates'],
      'ListenerAttributes.tcp.idle_timeout.seconds',
    ],
    aside: { SslPolicy: 'TLS 1.2 and 1.3 here too', ...tags },
  },
  'AWS::ElasticLoadBalancingV2::ListenerRule': {
    used: ['Actions', 'Conditions', 'ListenerArn', 'Priority'],
  },
  'AWS::ElasticLoadBalancingV2::TargetGroup': {
    used: [
      ...['TargetType', 'Targets', 'Port', 'Protocol'],
      'TargetGroupAttributes.lambda.multi_value_headers.enabled',
    ],
    aside: {
      VpcId: noNetwork,
      IpAddressType: noNetwork,
      'TargetGroupAttributes.deregistration_delay.timeout_seconds':
        'connections of a member that ends end with it',
      'TargetGroupAttributes.deregistration_delay.connection_termination.enabled':
        'connections of a member that ends end with it',
      'TargetGroupAttributes.stickiness.enabled': 'one address each',
      'TargetGroupAttributes.stickiness.type': 'one address each',
      'TargetGroupAttributes.preserve_client_ip.enabled': noNetwork,
      ...healthChecks,
      ...tags,
    },
  },
  'AWS::EC2::EIP': { used: ['Domain'], aside: tags },
  'AWS::EC2::LaunchTemplate': {
    used: [
      ...['UserData', 'IamInstanceProfile', 'MetadataOptions.HttpTokens'].map(
        (name) => `LaunchTemplateData.${name}`,
      ),
    ],
    aside: {
      TagSpecifications: tags.Tags,
      'LaunchTemplateData.ImageId': 'the machine is this one',
      'LaunchTemplateData.InstanceType': 'the machine is this one',
      'LaunchTemplateData.InstanceRequirements': 'the machine is this one',
      'LaunchTemplateData.BlockDeviceMappings': 'the machine is this one',
      'LaunchTemplateData.EbsOptimized': 'the machine is this one',
      'LaunchTemplateData.CreditSpecification': 'the machine is this one',
      'LaunchTemplateData.Monitoring': 'nobody looks at graphs of this machine',
      'LaunchTemplateData.NetworkInterfaces': noNetwork,
      'LaunchTemplateData.SecurityGroupIds': noNetwork,
      'LaunchTemplateData.TagSpecifications': tags.Tags,
      'LaunchTemplateData.MetadataOptions.HttpPutResponseHopLimit': 'no hop on loopback',
      'LaunchTemplateData.MetadataOptions.HttpEndpoint': 'it is there, as the template wants',
      'LaunchTemplateData.MetadataOptions.InstanceMetadataTags': tags.Tags,
    },
  },
  'AWS::AutoScaling::AutoScalingGroup': {
    used: [
      ...['MinSize', 'MaxSize', 'DesiredCapacity', 'LaunchTemplate.LaunchTemplateId'],
      'MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.LaunchTemplateId',
      'MixedInstancesPolicy.LaunchTemplate.Overrides.LaunchTemplateSpecification.LaunchTemplateId',
      ...['DefaultInstanceWarmup', 'TerminationPolicies', 'TargetGroupARNs'],
      ...['AutoScalingGroupName', 'LifecycleHookSpecificationList', 'ServiceLinkedRoleARN'],
    ],
    aside: {
      VPCZoneIdentifier: noNetwork,
      'LaunchTemplate.Version': 'the template has one version',
      'MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.Version':
        'the template has one version',
      'MixedInstancesPolicy.LaunchTemplate.Overrides.InstanceType': 'the machine is this one',
      'MixedInstancesPolicy.LaunchTemplate.Overrides.InstanceRequirements':
        'the machine is this one',
      'MixedInstancesPolicy.LaunchTemplate.Overrides.WeightedCapacity': 'the machine is this one',
      'MixedInstancesPolicy.LaunchTemplate.Overrides.LaunchTemplateSpecification.Version':
        'the machine is this one',
      'MixedInstancesPolicy.InstancesDistribution': 'no machine is bought here',
      CapacityRebalance: 'no Spot machine here',
      HealthCheckType: noHealthChecks,
      HealthCheckGracePeriod: noHealthChecks,
      Cooldown: 'each simple policy has its own',
      MetricsCollection: 'nobody looks at graphs of this machine',
      NewInstancesProtectedFromScaleIn: 'none is',
      MaxInstanceLifetime: 'no local cluster lives that long',
      InstanceMaintenancePolicy: 'who is unhealthy here is dead; a refresh says its own',
      NotificationConfigurations: 'its events go to the event bus',
      ...tags,
    },
  },
  'AWS::IAM::ServiceLinkedRole': {
    used: [],
    aside: {
      AWSServiceName: 'the group is part of this process; whom it may ask is checked',
      CustomSuffix: 'there is one cluster here',
      ...description,
    },
  },
  'AWS::AutoScaling::LifecycleHook': {
    used: ['AutoScalingGroupName', 'LifecycleTransition', 'DefaultResult', 'HeartbeatTimeout'],
  },
  'AWS::AutoScaling::ScalingPolicy': {
    used: [
      ...['AutoScalingGroupName', 'PolicyType', 'AdjustmentType', 'ScalingAdjustment', 'Cooldown'],
      'EstimatedInstanceWarmup',
      ...['TargetValue', 'DisableScaleIn'].map((name) => `TargetTrackingConfiguration.${name}`),
      ...['Namespace', 'MetricName', 'Dimensions', 'Statistic'].map(
        (name) => `TargetTrackingConfiguration.CustomizedMetricSpecification.${name}`,
      ),
    ],
    aside: {
      'TargetTrackingConfiguration.PredefinedMetricSpecification':
        'machines here share one: more of them would not relieve it',
      'TargetTrackingConfiguration.CustomizedMetricSpecification.Unit': 'a figure has one unit',
    },
  },
  'AWS::AutoScaling::ScheduledAction': {
    used: [
      ...['AutoScalingGroupName', 'Recurrence', 'TimeZone'],
      ...['MinSize', 'MaxSize', 'DesiredCapacity'],
    ],
  },
  'AWS::Events::Rule': {
    used: ['EventPattern', 'ScheduleExpression', 'State', 'Targets'],
    aside: { ...description, ...tags },
  },
};
