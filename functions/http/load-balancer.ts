import * as z from 'zod';
import { loadBalancerBodyBytesMax } from '../env.ts';
import { emptyOrigin, type FetchApp } from './fetch-app.ts';

/** What an ALB sends a Lambda target, as far as it is looked at (Elastic Load Balancing docs). */
const eventSchema = z.object({
  httpMethod: z.string(),
  path: z.string(),
  headers: z.record(z.string(), z.string().nullish()).nullish(),
  multiValueHeaders: z.record(z.string(), z.array(z.string()).nullish()).nullish(),
  queryStringParameters: z.record(z.string(), z.string().nullish()).nullish(),
  multiValueQueryStringParameters: z.record(z.string(), z.array(z.string()).nullish()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

type LoadBalancerEvent = z.infer<typeof eventSchema>;

export interface LoadBalancerResult {
  readonly statusCode: number;
  readonly statusDescription: string;
  readonly isBase64Encoded: boolean;
  /** Or the other one: whichever the target group is set to, an ALB looks at one of them only. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
}

/** What an application behind the load balancer knows besides the request itself. */
export interface LoadBalancerBindings {
  /** The address the load balancer saw; what a client claims about itself is not in it. */
  readonly clientAddress: string;
  readonly requestId: string;
}

/** Runs an application as an ALB's target. What it throws fails the invocation, and rings. */
export function behindLoadBalancer(
  app: FetchApp<LoadBalancerBindings>,
): (event: unknown, context: { readonly awsRequestId: string }) => Promise<LoadBalancerResult> {
  return async (event, context) => {
    const parsed = eventSchema.parse(event);
    const request = requestOf(parsed);
    const inKind = headersInKind(parsed);
    if (request === undefined) return textResult(400, 'Bad Request', inKind);
    if (request === 'too-large') return textResult(413, 'Content Too Large', inKind);
    const bindings = { clientAddress: clientAddressOf(parsed), requestId: context.awsRequestId };
    return resultOf(await app.fetch(request, bindings), inKind);
  };
}

/**
 * The last entry of X-Forwarded-For is the one the load balancer wrote; everything before it came
 * with the request. It may carry a port.
 */
export function clientAddressOf(event: Pick<LoadBalancerEvent, 'headers' | 'multiValueHeaders'>) {
  const lines = headerLines(event).filter(([name]) => name.toLowerCase() === 'x-forwarded-for');
  const last = lines.at(-1)?.[1].split(',').at(-1)?.trim() ?? '';
  return /^\[(.*)\](:\d+)?$/.exec(last)?.[1] ?? /^([^:]*):\d+$/.exec(last)?.[1] ?? last;
}

function requestOf(event: LoadBalancerEvent): Request | 'too-large' | undefined {
  const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  if (body.length > loadBalancerBodyBytesMax) return 'too-large';
  const bodiless = event.httpMethod === 'GET' || event.httpMethod === 'HEAD';
  try {
    const request = new Request(`${emptyOrigin}${pathOf(event)}${queryOf(event)}`, {
      method: event.httpMethod,
      ...(!bodiless && { body }),
    });
    for (const [name, value] of headerLines(event)) request.headers.append(name, value);
    return request;
  } catch (error) {
    // A method, path or header the load balancer let through and the Fetch standard does not.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function pathOf(event: LoadBalancerEvent): string {
  return event.path.startsWith('/') ? event.path : `/${event.path}`;
}

/** An ALB hands on query strings as they came, still percent-encoded. */
function queryOf(event: LoadBalancerEvent): string {
  const many = Object.entries(event.multiValueQueryStringParameters ?? {});
  const one = Object.entries(event.queryStringParameters ?? {});
  const pairs = [
    ...many.flatMap(([name, values]) => (values ?? []).map((value) => `${name}=${value}`)),
    ...(many.length > 0 ? [] : one.map(([name, value]) => `${name}=${value ?? ''}`)),
  ];
  return pairs.length > 0 ? `?${pairs.join('&')}` : '';
}

function headerLines(
  event: Pick<LoadBalancerEvent, 'headers' | 'multiValueHeaders'>,
): [string, string][] {
  if (event.multiValueHeaders) {
    return Object.entries(event.multiValueHeaders).flatMap(([name, values]) =>
      (values ?? []).map((value): [string, string] => [name, value]),
    );
  }
  return Object.entries(event.headers ?? {}).map(([name, value]) => [name, value ?? '']);
}

type InKind = (
  lines: readonly (readonly [string, string])[],
) => Pick<LoadBalancerResult, 'headers' | 'multiValueHeaders'>;

/** The answer's headers in the form in which the request's came. */
function headersInKind({ multiValueHeaders }: LoadBalancerEvent): InKind {
  if (!multiValueHeaders) return (lines) => ({ headers: Object.fromEntries(lines) });
  return (lines) => {
    const many: Record<string, string[]> = {};
    for (const [name, value] of lines) {
      many[name] ??= [];
      many[name].push(value);
    }
    return { multiValueHeaders: many };
  };
}

/** Always base64: octets stay octets whatever their content type says (protocol/02 §4). */
async function resultOf(response: Response, inKind: InKind): Promise<LoadBalancerResult> {
  // SoftEther's reader refuses a whole response for one header without a value.
  const headers = [...response.headers].filter(([, value]) => value !== '');
  return {
    statusCode: response.status,
    statusDescription: statusLine(response.status, response.statusText),
    isBase64Encoded: true,
    ...inKind(headers),
    body: Buffer.from(await response.arrayBuffer()).toString('base64'),
  };
}

function textResult(status: number, text: string, inKind: InKind): LoadBalancerResult {
  return {
    statusCode: status,
    statusDescription: `${status} ${text}`,
    isBase64Encoded: false,
    ...inKind([['content-type', 'text/plain']]),
    body: text,
  };
}

function statusLine(status: number, text: string): string {
  return `${status} ${text === '' ? (status < 400 ? 'OK' : 'Error') : text}`;
}
