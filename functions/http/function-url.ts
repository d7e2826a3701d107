import * as z from 'zod';
import { emptyOrigin, type FetchApp } from './fetch-app.ts';

/** What a function URL sends its function (payload format 2.0), as far as it is looked at. */
const eventSchema = z.object({
  rawPath: z.string(),
  body: z.string().optional(),
  isBase64Encoded: z.boolean(),
  requestContext: z.object({
    http: z.object({ method: z.string() }),
    /** Present where the URL asks for IAM signatures. */
    authorizer: z.object({ iam: z.object({ userArn: z.string() }) }).optional(),
  }),
});

export interface FunctionUrlResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/** What an application behind a function URL knows besides the request itself. */
export interface FunctionUrlBindings {
  /** ARN of the caller, proven by its signature; empty if the URL asked for none. */
  readonly callerArn: string;
  readonly requestId: string;
}

/** Runs an application of JSON answers behind a function URL. What it throws fails the call. */
export function behindFunctionUrl(
  app: FetchApp<FunctionUrlBindings>,
): (event: unknown, context: { readonly awsRequestId: string }) => Promise<FunctionUrlResult> {
  return async (event, context) => {
    const { rawPath, requestContext, ...parsed } = eventSchema.parse(event);
    const { method } = requestContext.http;
    const body = Buffer.from(parsed.body ?? '', parsed.isBase64Encoded ? 'base64' : 'utf8');
    const bodiless = method === 'GET' || method === 'HEAD';
    const request = new Request(`${emptyOrigin}${rawPath}`, {
      method,
      ...(!bodiless && { body }),
    });
    const response = await app.fetch(request, {
      callerArn: requestContext.authorizer?.iam.userArn ?? '',
      requestId: context.awsRequestId,
    });
    return {
      statusCode: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
      isBase64Encoded: false,
    };
  };
}
