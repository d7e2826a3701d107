import { isTextual } from '../lambda/textual.ts';

/** A request as the load balancer got it. */
export interface BalancedRequest {
  readonly method: string;
  /** Path and query as on the request line. */
  readonly target: string;
  /** Lower-case names, last value of each. */
  readonly headers: Readonly<Record<string, string>>;
  /** All values of each header, where the target group wants them. */
  readonly headerLists?: Readonly<Record<string, readonly string[]>>;
  readonly body: Buffer;
  readonly clientAddress: string;
  /** Port of the listener. */
  readonly port: number;
  readonly traceId: string;
  readonly targetGroupArn: string;
}

/**
 * What a function behind an ALB is invoked with: either single values, the last of each, or, where
 * the target group's multi-value headers are on, lists of them and no single ones.
 */
export interface LoadBalancerEvent {
  readonly requestContext: { readonly elb: { readonly targetGroupArn: string } };
  readonly httpMethod: string;
  readonly path: string;
  /** As sent: an ALB does not decode them. */
  readonly queryStringParameters?: Readonly<Record<string, string>>;
  readonly multiValueQueryStringParameters?: Readonly<Record<string, readonly string[]>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

export function loadBalancerEvent(request: BalancedRequest): LoadBalancerEvent {
  const [path = '/', query = ''] = splitOnce(request.target, '?');
  const { headers, headerLists } = request;
  const forwarded = headers['x-forwarded-for'];
  const base64 =
    request.body.length > 0 &&
    (headers['content-encoding'] !== undefined || !isTextual(headers['content-type']));
  const own = {
    'x-amzn-trace-id': request.traceId,
    'x-forwarded-for':
      forwarded === undefined ? request.clientAddress : `${forwarded}, ${request.clientAddress}`,
    'x-forwarded-port': String(request.port),
    'x-forwarded-proto': 'https',
  };
  const values =
    headerLists === undefined
      ? {
          queryStringParameters: lastOf(queryParameters(query)),
          headers: { ...headers, ...own },
        }
      : {
          multiValueQueryStringParameters: queryParameters(query),
          multiValueHeaders: { ...headerLists, ...listsOf(own) },
        };
  return {
    requestContext: { elb: { targetGroupArn: request.targetGroupArn } },
    httpMethod: request.method,
    path,
    ...values,
    body: request.body.toString(base64 ? 'base64' : 'utf8'),
    isBase64Encoded: base64,
  };
}

function queryParameters(query: string): Record<string, string[]> {
  const parameters: Record<string, string[]> = {};
  for (const part of query.split('&')) {
    if (part === '') continue;
    const [name = '', value = ''] = splitOnce(part, '=');
    parameters[name] = [...(parameters[name] ?? []), value];
  }
  return parameters;
}

/** Of single values, the last counts. */
function lastOf(lists: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(lists).map(([name, values]) => [name, values.at(-1) ?? '']),
  );
}

function listsOf(values: Readonly<Record<string, string>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]));
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
