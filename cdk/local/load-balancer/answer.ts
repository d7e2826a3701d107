import { STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import { z } from 'zod';
import type { Outcome } from '../lambda/function-process.ts';

/** AWS: the largest answer of a function behind a load balancer. */
const answerBytesMax = 1024 * 1024;

const headerValue = z.union([z.string(), z.number(), z.boolean()]);
const answerSchema = z.object({
  statusCode: z.number().int().min(100).max(599),
  statusDescription: z.string().optional(),
  headers: z.record(z.string(), headerValue).optional(),
  multiValueHeaders: z.record(z.string(), z.array(headerValue)).optional(),
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

/** What a client gets; a header may be there more than once. */
export interface BalancedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
}

export type AnswerResult =
  | { readonly kind: 'answer'; readonly answer: BalancedAnswer }
  | { readonly kind: 'bad'; readonly reason: string };

/**
 * A function's answer as HTTP. Headers must be in the form of the target group, single or lists: an
 * ALB passes over the other one. Stricter than an ALB in one point: a header with an empty value is
 * refused here, because genuine clients refuse the whole answer over it (protocol/02 §4).
 */
export function loadBalancerAnswer(outcome: Outcome, isMultiValue = false): AnswerResult {
  if (outcome.kind === 'throttled') return bad('the function is throttled');
  if (outcome.kind === 'error') return bad(`${outcome.errorType}: ${outcome.errorMessage}`);
  if (Buffer.byteLength(outcome.payload) > answerBytesMax) return bad('the answer exceeds 1 MiB');
  const parsed = answerSchema.safeParse(JSON.parse(outcome.payload));
  if (!parsed.success) return bad(`malformed answer: ${z.prettifyError(parsed.error)}`);
  const { statusCode, headers, multiValueHeaders: lists, body, isBase64Encoded } = parsed.data;
  if (isMultiValue && headers !== undefined && lists === undefined) {
    return bad('headers without multiValueHeaders, which the target group wants');
  }
  if (!isMultiValue && lists !== undefined && headers === undefined) {
    return bad('multiValueHeaders, which the target group does not want');
  }
  const kept: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries((isMultiValue ? lists : headers) ?? {})) {
    const texts = [value].flat().map(String);
    if (connectionHeaders.has(name.toLowerCase())) continue;
    for (const text of texts) {
      const fault = headerFault(name, text);
      if (fault !== undefined) return bad(fault);
    }
    kept[name] = texts.length === 1 ? (texts[0] ?? '') : texts;
  }
  const bytes = Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8');
  return { kind: 'answer', answer: { status: statusCode, headers: kept, body: bytes } };
}

/** An answer of the load balancer itself. */
export function ownAnswer(status: number): BalancedAnswer {
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
