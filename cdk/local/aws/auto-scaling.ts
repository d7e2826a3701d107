import type { Answer } from '../http-server.ts';
import type { ArrivedRequest } from '../iam/signature.ts';
import type { Stack } from '../template/stack.ts';
import type { StandIn } from './signed-endpoint.ts';

/** What the group of members does for the service. */
export interface ScalingGroup {
  /** False: no such machine waits under this token. */
  complete(instanceId: string, token: string | undefined): boolean;
  extend(instanceId: string, token: string | undefined): boolean;
  /** False: no such machine. */
  markUnhealthy(instanceId: string): boolean;
}

const xmlNamespace = 'http://autoscaling.amazonaws.com/doc/2011-01-01/';

/**
 * EC2 Auto Scaling: what functions ask of it about the one group. Its protocol is "AWS query": a
 * form in, XML out. Left out: everything an operator would ask; one changes the settings and starts
 * again.
 */
export class AutoScaling {
  private readonly groupName: string;
  private readonly groupArn: string;
  private readonly hookNames: readonly string[];
  /** Its members are launched when everything else is there. */
  private group: ScalingGroup | undefined;

  constructor(stack: Stack) {
    const { ref, attribute } = stack.only('AWS::AutoScaling::AutoScalingGroup');
    this.groupName = ref;
    this.groupArn = attribute('AutoScalingGroupARN');
    this.hookNames = stack.ofType('AWS::AutoScaling::LifecycleHook').map((hook) => hook.ref);
  }

  attach(group: ScalingGroup): void {
    this.group = group;
  }

  readonly standIn: StandIn = {
    service: 'autoscaling',
    needs: (request) => [
      { action: `autoscaling:${form(request).get('Action')}`, resource: this.groupArn },
    ],
    answer: async (request) => this.answer(form(request)),
    refuse: (status, code, message) =>
      failure(status, code === 'AccessDeniedException' ? 'AccessDenied' : code, message),
  };

  private answer(input: URLSearchParams): Answer {
    const instanceId = input.get('InstanceId') ?? '';
    const token = input.get('LifecycleActionToken') ?? undefined;
    const action = input.get('Action') ?? '';
    switch (action) {
      case 'CompleteLifecycleAction':
      case 'RecordLifecycleActionHeartbeat': {
        if (input.get('AutoScalingGroupName') !== this.groupName) return noSuch('group');
        if (!this.hookNames.includes(input.get('LifecycleHookName') ?? '')) return noSuch('hook');
        const known =
          action === 'CompleteLifecycleAction'
            ? this.group?.complete(instanceId, token)
            : this.group?.extend(instanceId, token);
        return known ? success(action) : noSuch(`active lifecycle action for ${instanceId}`);
      }
      case 'SetInstanceHealth': {
        if (input.get('HealthStatus') !== 'Unhealthy') return success(action);
        return this.group?.markUnhealthy(instanceId) ? success(action) : noSuch(instanceId);
      }
      default:
        return failure(400, 'InvalidAction', `${action} is not known here`);
    }
  }
}

function form({ body }: ArrivedRequest): URLSearchParams {
  return new URLSearchParams(body.toString('utf8'));
}

function noSuch(what: string): Answer {
  return failure(400, 'ValidationError', `No ${what} found`);
}

function success(action: string): Answer {
  return xml(
    200,
    `<${action}Response xmlns="${xmlNamespace}"><${action}Result/>` +
      `<ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></${action}Response>`,
  );
}

function failure(status: number, code: string, message: string): Answer {
  const error =
    `<Type>Sender</Type><Code>${escaped(code)}</Code>` + `<Message>${escaped(message)}</Message>`;
  return xml(
    status,
    `<ErrorResponse xmlns="${xmlNamespace}"><Error>${error}</Error>` +
      '<RequestId>local</RequestId></ErrorResponse>',
  );
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function xml(status: number, text: string): Answer {
  return { status, headers: { 'content-type': 'text/xml' }, body: Buffer.from(text) };
}
