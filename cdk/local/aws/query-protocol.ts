import type { Answer } from '../http-server.ts';
import type { ArrivedRequest } from '../iam/signature.ts';

/** Values of an answer: text, lists (`<member>`), or fields. */
export type QueryValue =
  | string
  | number
  | boolean
  | readonly QueryValue[]
  | { readonly [field: string]: QueryValue };

/** The "AWS query" protocol of older services: a form in, XML out. */
export function formOf({ body }: ArrivedRequest): URLSearchParams {
  return new URLSearchParams(body.toString('utf8'));
}

export function querySuccess(namespace: string, action: string, result: QueryValue = {}): Answer {
  return xml(
    200,
    `<${action}Response xmlns="${namespace}">` +
      `<${action}Result>${content(result)}</${action}Result>` +
      `<ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></${action}Response>`,
  );
}

export function queryFailure(
  namespace: string,
  status: number,
  code: string,
  message: string,
): Answer {
  const error =
    `<Type>Sender</Type><Code>${escaped(code)}</Code>` + `<Message>${escaped(message)}</Message>`;
  return xml(
    status,
    `<ErrorResponse xmlns="${namespace}"><Error>${error}</Error>` +
      '<RequestId>local</RequestId></ErrorResponse>',
  );
}

function content(value: QueryValue): string {
  if (Array.isArray(value)) {
    return value.map((item: QueryValue) => `<member>${content(item)}</member>`).join('');
  }
  if (typeof value === 'object') {
    return Object.entries(value)
      .map(([name, item]) => `<${name}>${content(item)}</${name}>`)
      .join('');
  }
  return escaped(String(value));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function xml(status: number, text: string): Answer {
  return { status, headers: { 'content-type': 'text/xml' }, body: Buffer.from(text) };
}
