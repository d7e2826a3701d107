import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '#shared/kernel/clock.ts';
import type { SignedCaller, StandIn } from '../aws/signed-endpoint.ts';
import type { Answer } from '../http-server.ts';
import { callerArn, callerId } from '../iam/principal.ts';
import type { ArrivedRequest } from '../iam/signature.ts';
import { place } from '../template/place.ts';
import { type FunctionPool, payloadBytesMax } from './function-pool.ts';
import { isTextual } from './textual.ts';

const urlSchema = z.object({ AuthType: z.literal('AWS_IAM'), TargetFunctionArn: z.string() });

/** The ARN of the function a function URL stands for. Only `AWS_IAM` is known here. */
export function functionUrlTarget(properties: unknown): string {
  return urlSchema.parse(properties).TargetFunctionArn;
}

const answerSchema = z.object({
  statusCode: z.number().int().default(200),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  body: z.string().default(''),
  isBase64Encoded: z.boolean().default(false),
});

/** A Lambda function URL with IAM authentication. Left out: cookies, streaming, CORS. */
export function functionUrlStandIn(pool: FunctionPool, clock: Clock): StandIn {
  const { arn } = pool.spec;
  return {
    service: 'lambda',
    // Both are asked for since October 2025.
    needs: () => [
      {
        action: 'lambda:InvokeFunctionUrl',
        resource: arn,
        context: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' },
      },
      {
        action: 'lambda:InvokeFunction',
        resource: arn,
        context: { 'lambda:InvokedViaFunctionUrl': 'true' },
      },
    ],
    answer: async (request, caller) => {
      if (request.body.length > payloadBytesMax) return json(413, { Message: 'Too large' });
      const outcome = await pool.invoke(functionUrlEvent(request, caller, clock.nowMs()));
      switch (outcome.kind) {
        case 'throttled':
          return json(429, { Message: 'Rate Exceeded.' });
        case 'error':
          return json(502, { Message: 'Internal Server Error' });
        case 'answer':
          return functionUrlAnswer(outcome.payload);
      }
    },
    refuse: (_, code) => ({
      ...json(403, { Message: 'Forbidden' }),
      headers: { 'content-type': 'application/json', 'x-amzn-errortype': code },
    }),
  };
}

/** Payload format 2.0, with the caller IAM verified. */
export function functionUrlEvent(
  request: ArrivedRequest,
  { principal, accessKeyId }: Omit<SignedCaller, 'gone'>,
  nowMs: number,
): unknown {
  const url = new URL(request.target, 'http://local');
  const { authorization: _, 'x-amz-security-token': __, ...headers } = request.headers;
  const id = callerId(principal);
  const base64 = request.body.length > 0 && !isTextual(headers['content-type']);
  const query = Object.fromEntries(
    [...new Set(url.searchParams.keys())].map((name) => [
      name,
      url.searchParams.getAll(name).join(','),
    ]),
  );
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers,
    ...(url.search === '' ? {} : { queryStringParameters: query }),
    requestContext: {
      accountId: place.account,
      apiId: 'local',
      authentication: null,
      authorizer: {
        iam: {
          accessKey: accessKeyId,
          accountId: place.account,
          callerId: id,
          cognitoIdentity: null,
          principalOrgId: null,
          userArn: callerArn(principal),
          userId: id,
        },
      },
      domainName: headers['host'] ?? '',
      domainPrefix: 'local',
      http: {
        method: request.method,
        path: url.pathname,
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey: '$default',
      stage: '$default',
      time: new Date(nowMs).toUTCString(),
      timeEpoch: nowMs,
    },
    ...(request.body.length === 0
      ? {}
      : { body: request.body.toString(base64 ? 'base64' : 'utf8') }),
    isBase64Encoded: base64,
  };
}

/** A function may answer with a response, or with anything else, which then is the body. */
export function functionUrlAnswer(payload: string): Answer {
  const value: unknown = JSON.parse(payload);
  const isResponse = typeof value === 'object' && value !== null && 'statusCode' in value;
  if (!isResponse) return json(200, value);
  const parsed = answerSchema.safeParse(value);
  if (!parsed.success) return json(502, { Message: 'Internal Server Error' });
  const { statusCode, headers, body, isBase64Encoded } = parsed.data;
  return {
    status: statusCode,
    headers: Object.fromEntries(
      Object.entries(headers)
        .map(([name, text]) => [name.toLowerCase(), String(text)] as const)
        .filter(([name]) => name !== 'content-length'),
    ),
    body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'),
  };
}

function json(status: number, value: unknown): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(value)),
  };
}
