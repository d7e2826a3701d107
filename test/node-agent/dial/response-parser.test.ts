import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type HttpResponse, ResponseParser } from '#node-agent/dial/response-parser.ts';
import { WireError, type WireErrorCode } from '#shared/wire/wire-error.ts';
import { capture, captureBody, packCaptureNames } from '#test/support/captures.ts';

const bodyBytesMax = 100_000;

function parse(...chunks: readonly Buffer[]): { response: HttpResponse; rest: string } | undefined {
  const parser = new ResponseParser(bodyBytesMax);
  const rest: Buffer[] = [];
  let response: HttpResponse | undefined;
  for (const chunk of chunks) {
    if (response !== undefined) rest.push(chunk);
    const complete = response === undefined ? parser.push(chunk) : undefined;
    if (complete === undefined) continue;
    response = complete.response;
    rest.push(complete.rest);
  }
  return response && { response, rest: Buffer.concat(rest).toString('latin1') };
}

const text = (lines: readonly string[], body = 'x'): Buffer =>
  Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1');
const good = ['HTTP/1.1 200 OK', 'Content-Length: 1', 'Content-Type: a/b'];

describe('captured responses', () => {
  const names = packCaptureNames.filter((name) =>
    capture(name).toString('latin1').startsWith('HTTP/1.1 '),
  );
  for (const name of [...names, '01-ctl-s-get-probe-403']) {
    test(`${name} reads the same cut anywhere, and what follows is left over`, () => {
      const bytes = Buffer.concat([capture(name), Buffer.from('stream')]);
      for (let cut = 0; cut <= bytes.length; cut++) {
        const parsed = parse(bytes.subarray(0, cut), bytes.subarray(cut));
        assert.equal(parsed?.rest, 'stream');
        assert.ok(parsed.response.body.equals(captureBody(name)));
      }
    });
  }

  test('one byte short is not complete', () => {
    assert.equal(parse(capture('01-ctl-s-hello').subarray(0, -1)), undefined);
  });
});

describe('what genuine clients refuse is refused', () => {
  const cases: readonly (readonly [string, WireErrorCode, readonly string[]])[] = [
    ['HTTP/1.0', 'http-malformed', ['HTTP/1.0 200 OK', ...good.slice(1)]],
    ['a status line of two words', 'http-malformed', ['HTTP/1.1 200', ...good.slice(1)]],
    ['a header with an empty value', 'http-malformed', [...good, 'X-Foo:']],
    ['a header with a blank value', 'http-malformed', [...good, 'X-Foo:  ']],
    ['a line without a colon', 'http-malformed', [...good, 'nonsense']],
    ['chunked coding', 'http-unsupported', [...good, 'Transfer-Encoding: chunked']],
    ['no Content-Length', 'http-malformed', ['HTTP/1.1 200 OK', 'Content-Type: a/b']],
    ['Content-Length 0', 'http-malformed', ['HTTP/1.1 200 OK', 'Content-Length: 0']],
    ['Content-Length -1', 'http-malformed', ['HTTP/1.1 200 OK', 'Content-Length: -1']],
    ['Content-Length 0x10', 'http-malformed', ['HTTP/1.1 200 OK', 'Content-Length: 0x10']],
  ];
  for (const [what, code, lines] of cases) {
    test(what, () => assertRefused(code, () => parse(text(lines))));
  }

  test('what a load balancer writes is accepted, in any case', () => {
    const parsed = parse(
      text([
        'HTTP/1.1 200 OK',
        'Server: awselb/2.0',
        'Date: Sun, 22 Nov 2026 23:42:42 GMT',
        'content-type: application/octet-stream',
        'content-length: 1',
        'Connection: keep-alive',
      ]),
    );
    assert.equal(parsed?.response.contentType, 'application/octet-stream');
    assert.equal(parsed?.response.status, 200);
  });
});

describe('limits', () => {
  test('body', () => {
    const withBody = (size: number): unknown =>
      parse(text(['HTTP/1.1 200 OK', `Content-Length: ${size}`], 'x'.repeat(size)));
    assert.ok(withBody(bodyBytesMax - 1));
    assert.ok(withBody(bodyBytesMax));
    assertRefused('http-over-limit', () => withBody(bodyBytesMax + 1));
    assertRefused('http-over-limit', () => {
      parse(text(['HTTP/1.1 200 OK', 'Content-Length: 9999999999'], ''));
    });
  });

  test('header line', () => {
    const withLine = (size: number): unknown =>
      parse(text([...good, `X: ${'y'.repeat(size - 3)}`]));
    assert.ok(withLine(4095));
    assert.ok(withLine(4096));
    assertRefused('http-over-limit', () => withLine(4097));
  });

  test('header lines', () => {
    const withLines = (count: number): unknown =>
      parse(text([...good, ...Array(count - 2).fill('X: y')]));
    assert.ok(withLines(127));
    assert.ok(withLines(128));
    assertRefused('http-over-limit', () => withLines(129));
  });

  test('a head without an end', () => {
    const parser = new ResponseParser(bodyBytesMax);
    parser.push(Buffer.alloc(32_767, 'x'));
    assertRefused('http-over-limit', () => parser.push(Buffer.from('x')));
  });
});

test('garbage never throws anything but a WireError', () => {
  const piece = fc.oneof(
    fc.constantFrom('HTTP/1.1 200 OK', '\r\n', '\r\n\r\n', 'Content-Length: ', '3', ': ', ' '),
    fc.string({ maxLength: 20 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      try {
        parse(...pieces.map((each) => Buffer.from(each)));
      } catch (error) {
        assert.ok(error instanceof WireError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

function assertRefused(code: WireErrorCode, action: () => unknown): void {
  assert.throws(action, (error) => error instanceof WireError && error.code === code);
}
