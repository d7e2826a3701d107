import { createHash } from 'node:crypto';
import { arn, place } from './place.ts';
import { type Template, TemplateError } from './template.ts';

/** What a created resource is called: `Ref` and `Fn::GetAtt`. */
export interface PhysicalResource {
  readonly ref: string;
  readonly attribute: (name: string) => string | undefined;
}

/** Addresses that exist only at run time. */
export interface LocalAddresses {
  /** `http://127.0.0.1:port` of the queue service. */
  readonly queueEndpoint: string;
  /** The address clients dial, an IPv4 literal. */
  readonly frontDoor: string;
  /** URL of a function URL resource, ending with a slash. */
  readonly functionUrl: (logicalId: string) => string;
}

type Namer = (
  logicalId: string,
  addresses: LocalAddresses,
  properties: Readonly<Record<string, unknown>>,
) => PhysicalResource;

/** Types that exist on this machine, and how they are named here. */
const created: Readonly<Record<string, Namer>> = {
  'AWS::DynamoDB::Table': (id) => named(id, { Arn: arn('dynamodb', `table/${id}`) }),
  'AWS::SecretsManager::Secret': (id) =>
    named(arn('secretsmanager', `secret:${id}-${digest(id).slice(0, 6)}`)),
  'AWS::SQS::QueuePolicy': (id) => named(id),
  'AWS::SQS::Queue': (id, { queueEndpoint }) =>
    named(`${queueEndpoint}/${arn('sqs', id).split(':')[4] ?? ''}/${id}`, {
      Arn: arn('sqs', id),
      QueueName: id,
    }),
  'AWS::Lambda::Function': (id) => named(id, { Arn: arn('lambda', `function:${id}`) }),
  'AWS::Lambda::Url': (id, { functionUrl }) =>
    named(arn('lambda', `url:${id}`), { FunctionUrl: functionUrl(id) }),
  'AWS::Lambda::Permission': (id) => named(id),
  'AWS::Lambda::EventSourceMapping': (id) => named(id),
  'AWS::IAM::Role': (id) =>
    named(id, { Arn: arn('iam', `role/${id}`), RoleId: `AROA${digest(id).slice(0, 17)}` }),
  'AWS::IAM::ServiceLinkedRole': (id) => named(id, { RoleName: id }),
  'AWS::IAM::Policy': (id) => named(id),
  'AWS::IAM::ManagedPolicy': (id, _, { Path: path = '/' }) =>
    named(arn('iam', `policy${text(path)}${id}`)),
  'AWS::IAM::Group': (id) => named(id, { Arn: arn('iam', `group/${id}`) }),
  'AWS::IAM::User': (id, _, { Path: path = '/', UserName: name = id }) =>
    named(text(name), { Arn: arn('iam', `user${text(path)}${text(name)}`) }),
  'AWS::IAM::InstanceProfile': (id) => named(id, { Arn: arn('iam', `instance-profile/${id}`) }),
  'AWS::ElasticLoadBalancingV2::LoadBalancer': (id) =>
    named(arn('elasticloadbalancing', `loadbalancer/${id}`), { DNSName: `${id}.elb.local` }),
  'AWS::ElasticLoadBalancingV2::Listener': (id) =>
    named(arn('elasticloadbalancing', `listener/${id}`)),
  'AWS::ElasticLoadBalancingV2::ListenerRule': (id) =>
    named(arn('elasticloadbalancing', `listener-rule/${id}`)),
  'AWS::ElasticLoadBalancingV2::TargetGroup': (id) =>
    named(
      arn('elasticloadbalancing', `targetgroup/${id}/${digest(id).slice(0, 16).toLowerCase()}`),
    ),
  'AWS::EC2::EIP': (id, { frontDoor }) =>
    named(frontDoor, { AllocationId: `eipalloc-${digest(id).slice(0, 17).toLowerCase()}` }),
  'AWS::EC2::LaunchTemplate': (id) =>
    named(`lt-${digest(id).slice(0, 17).toLowerCase()}`, {
      LatestVersionNumber: '1',
      DefaultVersionNumber: '1',
    }),
  'AWS::AutoScaling::AutoScalingGroup': (id, _, { AutoScalingGroupName: given = id }) => {
    const name = text(given);
    const groupArn = arn('autoscaling', `autoScalingGroup:local:autoScalingGroupName/${name}`);
    return named(name, { AutoScalingGroupARN: groupArn });
  },
  'AWS::AutoScaling::LifecycleHook': (id) => named(id),
  'AWS::AutoScaling::ScheduledAction': (id) => named(id),
  'AWS::AutoScaling::ScalingPolicy': (id) => {
    const policyArn = arn(
      'autoscaling',
      `scalingPolicy:local:autoScalingGroupName/policyName/${id}`,
    );
    return named(policyArn, { Arn: policyArn, PolicyName: id });
  },

  // Issued by a real ACM: not by the one here.
  'AWS::CertificateManager::Certificate': (id) =>
    named(`arn:aws:acm:${place.region}:issued:certificate/${id}`),
  'AWS::KMS::Key': (id) => named(digest(id).slice(0, 32), { Arn: arn('kms', `key/${id}`) }),
  'AWS::Logs::LogGroup': (id) => named(id, { Arn: arn('logs', `log-group:${id}:*`) }),
  'AWS::Events::Rule': (id) => named(id, { Arn: arn('events', `rule/${id}`) }),
};

const noNetwork = 'processes here share the machine’s own network';

/** Types that need nothing on this machine, each with its reason. */
const needless: Readonly<Record<string, string>> = {
  'AWS::EC2::VPC': noNetwork,
  'AWS::EC2::Subnet': noNetwork,
  'AWS::EC2::RouteTable': noNetwork,
  'AWS::EC2::Route': noNetwork,
  'AWS::EC2::SubnetRouteTableAssociation': noNetwork,
  'AWS::EC2::InternetGateway': noNetwork,
  'AWS::EC2::VPCGatewayAttachment': noNetwork,
  'AWS::EC2::SecurityGroup': 'only the template’s listeners and members listen, on chosen ports',
  'AWS::EC2::SecurityGroupIngress': 'as security groups',
  'AWS::EC2::SecurityGroupEgress': 'as security groups',
  'AWS::AutoScaling::WarmPool': 'a machine here starts in a second',
  'AWS::CloudWatch::Alarm': 'nobody is on call for this machine',
  'AWS::CloudWatch::CompositeAlarm': 'as alarms',
  'AWS::CloudWatch::Dashboard': 'nobody looks at graphs of this machine',
  'AWS::SNS::Topic': 'as alarms',
  'AWS::SNS::TopicPolicy': 'as alarms',
  'AWS::SNS::Subscription': 'as alarms',
  'AWS::KMS::Alias': 'keys are called by their ARN',
  'AWS::EC2::FlowLog': noNetwork,
  'AWS::EC2::VPCEndpoint': noNetwork,
  'AWS::Route53::RecordSet': 'clients here dial an address',
  'AWS::CDK::Metadata': 'statistics of the CDK itself',
};

/** Whether a function of the template makes it, and says what it is called. */
export const isCustom = (type: string): boolean => type.startsWith('Custom::');

/** Whether a type is known to need nothing here: what its properties say is nobody's business. */
export const isNeedless = (type: string): boolean => needless[type] !== undefined;

/** Names of a template's resources. A type nobody here knows is an error that names it. */
export function physicalNames(
  template: Template,
  addresses: LocalAddresses,
): (logicalId: string) => PhysicalResource {
  for (const [logicalId, { Type: type }] of Object.entries(template.Resources)) {
    if (created[type] === undefined && needless[type] === undefined && !isCustom(type)) {
      throw new TemplateError(
        `Resources.${logicalId}: the local stack does not know ${type}; ` +
          'teach it in cdk/local/template/physical.ts, or say there why it needs nothing',
      );
    }
  }
  return (logicalId) => {
    const { Type: type = '', Properties: properties = {} } = template.Resources[logicalId] ?? {};
    return created[type]?.(logicalId, addresses, properties) ?? placeholder(logicalId);
  };
}

function named(ref: string, attributes: Readonly<Record<string, string>> = {}): PhysicalResource {
  return { ref, attribute: (name) => attributes[name] };
}

/** A resource that is not there: every name of it is its own. */
function placeholder(logicalId: string): PhysicalResource {
  return { ref: logicalId, attribute: (name) => `${logicalId}.${name}` };
}

/** A property that names a resource must be plain: names come before anything is resolved. */
function text(property: unknown): string {
  if (typeof property === 'string') return property;
  throw new TemplateError(`a name must be plain text here, not ${JSON.stringify(property)}`);
}

/** Stable upper-case hex of a name, for ids that must look like AWS's. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').toUpperCase();
}
