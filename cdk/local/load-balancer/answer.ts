import { STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import { z } from 'zod';
import type { Answer } from '../http-server.ts';
import type { Outcome } from '../lambda/function-process.ts';

/** AWS: the largest answer of a function behind a load balancer. */
const answerBytesMax = 1024 * 1024;

const answerSchema = z.object({
  statusCode: z.number().int().min(100).max(599),
  statusDescription: z.string().optional(),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().default(false),
});

/** Headers that belong to one connection; the load balancer writes its own. */
const connectionHeaders = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export type AnswerResult =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'bad'; readonly reason: string };

/**
 * A function's answer as HTTP. Stricter than an ALB in one point: a header with an empty value is
 * refused here, because genuine clients refuse the whole answer over it (protocol/02 §4).
 */
export function loadBalancerAnswer(outcome: Outcome): AnswerResult {
  if (outcome.kind === 'throttled') return bad('the function is throttled');
  if (outcome.kind === 'error') return bad(`${outcome.errorType}: ${outcome.errorMessage}`);
  if (outcome.payload.length > answerBytesMax) return bad('the answer exceeds 1 MiB');
  const parsed = answerSchema.safeParse(JSON.parse(outcome.payload));
  if (!parsed.success) return bad(`malformed answer: ${z.prettifyError(parsed.error)}`);
  const { statusCode, headers, body, isBase64Encoded } = parsed.data;
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const text = String(value);
    if (connectionHeaders.has(name.toLowerCase())) continue;
    const fault = headerFault(name, text);
    if (fault !== undefined) return bad(fault);
    kept[name] = text;
  }
  const bytes = Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8');
  return { kind: 'answer', answer: { status: statusCode, headers: kept, body: bytes } };
}

/** An answer of the load balancer itself. */
export function ownAnswer(status: number): Answer {
  const title = `${status} ${STATUS_CODES[status] ?? ''}`;
  return {
    status,
    headers: { 'content-type': 'text/html' },
    body: Buffer.from(
      `<html>\r\n<head><title>${title}</title></head>\r\n` +
        `<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`,
    ),
  };
}

function headerFault(name: string, value: string): string | undefined {
  if (value.trim() === '') return `header ${name} has an empty value`;
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return undefined;
  } catch {
    return `header ${name} is not valid`;
  }
}

function bad(reason: string): AnswerResult {
  return { kind: 'bad', reason };
}
