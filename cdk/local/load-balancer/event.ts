import { isTextual } from '../lambda/textual.ts';

/** A request as the load balancer got it. */
export interface BalancedRequest {
  readonly method: string;
  /** Path and query as on the request line. */
  readonly target: string;
  /** Lower-case names, last value of each. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly clientAddress: string;
  /** Port of the listener. */
  readonly port: number;
  readonly traceId: string;
  readonly targetGroupArn: string;
}

/** What a function behind an ALB is invoked with (multi-value headers off). */
export interface LoadBalancerEvent {
  readonly requestContext: { readonly elb: { readonly targetGroupArn: string } };
  readonly httpMethod: string;
  readonly path: string;
  /** As sent: an ALB does not decode them. */
  readonly queryStringParameters: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

export function loadBalancerEvent(request: BalancedRequest): LoadBalancerEvent {
  const [path = '/', query = ''] = splitOnce(request.target, '?');
  const { headers } = request;
  const forwarded = headers['x-forwarded-for'];
  const base64 =
    request.body.length > 0 &&
    (headers['content-encoding'] !== undefined || !isTextual(headers['content-type']));
  return {
    requestContext: { elb: { targetGroupArn: request.targetGroupArn } },
    httpMethod: request.method,
    path,
    queryStringParameters: queryParameters(query),
    headers: {
      ...headers,
      'x-amzn-trace-id': request.traceId,
      'x-forwarded-for':
        forwarded === undefined ? request.clientAddress : `${forwarded}, ${request.clientAddress}`,
      'x-forwarded-port': String(request.port),
      'x-forwarded-proto': 'https',
    },
    body: request.body.toString(base64 ? 'base64' : 'utf8'),
    isBase64Encoded: base64,
  };
}

/** The last value of each parameter counts. */
function queryParameters(query: string): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const part of query.split('&')) {
    if (part === '') continue;
    const [name = '', value = ''] = splitOnce(part, '=');
    parameters[name] = value;
  }
  return parameters;
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
