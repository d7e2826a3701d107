import { z } from 'zod';
import type { ResolvedResource, Stack } from '../template/stack.ts';
import { TemplateError } from '../template/template.ts';

const actionSchema = z.discriminatedUnion('Type', [
  z.object({ Type: z.literal('forward'), TargetGroupArn: z.string() }),
  z.object({
    Type: z.literal('fixed-response'),
    FixedResponseConfig: z.object({
      StatusCode: z.string(),
      ContentType: z.string().default('text/plain'),
      MessageBody: z.string().default(''),
    }),
  }),
]);
const conditionSchema = z.strictObject({
  Field: z.literal('path-pattern'),
  PathPatternConfig: z.object({ Values: z.array(z.string()) }),
});
const listenerSchema = z.object({
  Protocol: z.string(),
  Port: z.number(),
  LoadBalancerArn: z.string(),
  DefaultActions: z.tuple([actionSchema]),
});
const ruleSchema = z.object({
  ListenerArn: z.string(),
  Priority: z.number(),
  Conditions: z.array(conditionSchema).min(1),
  Actions: z.tuple([actionSchema]),
});
const targetGroupSchema = z.object({
  TargetType: z.literal('lambda'),
  Targets: z.tuple([z.object({ Id: z.string() })]),
  TargetGroupAttributes: z.array(z.object({ Key: z.string(), Value: z.string() })).default([]),
});
const permissionSchema = z.object({
  Action: z.string(),
  FunctionName: z.string(),
  Principal: z.string(),
});
const balancerSchema = z.object({
  LoadBalancerAttributes: z.array(z.object({ Key: z.string(), Value: z.string() })).default([]),
});

/** What is done with a request. */
export type RouteAction =
  | {
      readonly kind: 'invoke';
      readonly functionArn: string;
      readonly targetGroupArn: string;
      /** Headers and parameters as lists, in the event and in the answer. */
      readonly isMultiValue: boolean;
    }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly contentType: string;
      readonly text: string;
    };

export interface Routes {
  readonly port: number;
  readonly idleTimeoutMs: number;
  /** The action for a path: the first rule by priority that matches, else the default. */
  readonly choose: (path: string) => RouteAction;
}

/** The template's one HTTPS listener. */
export function httpsListener(stack: Stack): ResolvedResource {
  const [listener, second] = stack
    .ofType('AWS::ElasticLoadBalancingV2::Listener')
    .filter(({ properties }) => properties['Protocol'] === 'HTTPS');
  if (listener === undefined || second !== undefined) {
    throw new TemplateError('expected exactly one HTTPS listener in the template');
  }
  return listener;
}

/** Read the template's one HTTPS listener, its rules and their targets. */
export function loadBalancerRoutes(stack: Stack): Routes {
  const resource = httpsListener(stack);
  const listener = listenerSchema.parse(resource.properties);
  const rules = stack
    .ofType('AWS::ElasticLoadBalancingV2::ListenerRule')
    .map(({ properties }) => ruleSchema.parse(properties))
    .filter((rule) => rule.ListenerArn === resource.ref)
    .sort((left, right) => left.Priority - right.Priority)
    .map((rule) => ({
      matches: (path: string) =>
        rule.Conditions.every(({ PathPatternConfig: { Values: patterns } }) =>
          patterns.some((pattern) => pathMatches(pattern, path)),
        ),
      action: routeAction(stack, rule.Actions[0]),
    }));
  const defaultAction = routeAction(stack, listener.DefaultActions[0]);
  const balancer = stack.called(
    'AWS::ElasticLoadBalancingV2::LoadBalancer',
    listener.LoadBalancerArn,
  );
  const attributes = balancerSchema.parse(balancer.properties).LoadBalancerAttributes;
  const idle = attributes.find(({ Key }) => Key === 'idle_timeout.timeout_seconds')?.Value ?? '60';
  return {
    port: listener.Port,
    idleTimeoutMs: Number(idle) * 1_000,
    choose: (path) => rules.find((rule) => rule.matches(path))?.action ?? defaultAction,
  };
}

function routeAction(stack: Stack, action: z.infer<typeof actionSchema>): RouteAction {
  if (action.Type === 'fixed-response') {
    const {
      StatusCode: status,
      ContentType: contentType,
      MessageBody: text,
    } = action.FixedResponseConfig;
    return { kind: 'answer', status: Number(status), contentType, text };
  }
  const targetGroupArn = action.TargetGroupArn;
  const group = stack.called('AWS::ElasticLoadBalancingV2::TargetGroup', targetGroupArn);
  const { Targets: targets, TargetGroupAttributes: attributes } = targetGroupSchema.parse(
    group.properties,
  );
  const functionArn = targets[0].Id;
  assertInvocable(stack, functionArn);
  const isMultiValue = attributes.some(
    ({ Key, Value }) => Key === 'lambda.multi_value_headers.enabled' && Value === 'true',
  );
  return { kind: 'invoke', functionArn, targetGroupArn, isMultiValue };
}

/** A load balancer needs the function's own permission, or it answers 502 for ever. */
function assertInvocable(stack: Stack, functionArn: string): void {
  const permitted = stack
    .ofType('AWS::Lambda::Permission')
    .map(({ properties }) => permissionSchema.parse(properties))
    .some(
      (permission) =>
        permission.Action === 'lambda:InvokeFunction' &&
        permission.FunctionName === functionArn &&
        permission.Principal === 'elasticloadbalancing.amazonaws.com',
    );
  if (!permitted)
    throw new TemplateError(`no permission lets the load balancer invoke ${functionArn}`);
}

/** ALB path patterns: `*` any text, `?` any one character; case counts, the query does not. */
export function pathMatches(pattern: string, path: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`, 's').test(path);
}
