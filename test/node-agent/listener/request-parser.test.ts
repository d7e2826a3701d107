import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type HttpRequest,
  RequestParser,
  requestLimits,
} from '#node-agent/listener/request-parser.ts';
import { connectBodyBytesMax, loginBodyBytesMax } from '#shared/wire/http.ts';
import { WireError, type WireErrorCode } from '#shared/wire/wire-error.ts';
import { capture, captureBody, captureNames } from '#test/support/captures.ts';
import { cpuMsOf } from '#test/support/cpu.ts';

interface Parsed {
  readonly requests: HttpRequest[];
  readonly rest: Buffer;
}

function parse(chunks: readonly Buffer[]): Parsed {
  const parser = new RequestParser();
  const requests: HttpRequest[] = [];
  for (const chunk of chunks) {
    let request = parser.push(chunk);
    while (request !== undefined) {
      requests.push(request);
      request = parser.next();
    }
  }
  return { requests, rest: parser.takeRest() };
}

function post(target: string, body: string | Buffer, headers: readonly string[] = []): Buffer {
  const bytes = Buffer.from(body);
  const head = [`POST ${target} HTTP/1.1`, `Content-Length: ${bytes.length}`, ...headers, '', ''];
  return Buffer.concat([Buffer.from(head.join('\r\n')), bytes]);
}

function raw(...lines: readonly string[]): Buffer {
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

function failure(bytes: Buffer): WireErrorCode | 'none' {
  try {
    parse([bytes]);
    return 'none';
  } catch (error) {
    assert.ok(error instanceof WireError, String(error));
    return error.code;
  }
}

const vpn = '/vpnsvc/vpn.cgi';
const connect = '/vpnsvc/connect.cgi';

describe('requests of genuine clients', () => {
  const names = captureNames.filter((name) =>
    /^(GET|POST) /.test(capture(name).toString('latin1')),
  );
  assert.ok(names.length > 8, 'there are captures to read');
  for (const name of names) {
    test(`${name} reads the same cut anywhere`, () => {
      const bytes = capture(name);
      const [method, target] = bytes.toString('latin1', 0, 100).split(' ');
      for (let cut = 0; cut <= bytes.length; cut++) {
        const { requests, rest } = parse([bytes.subarray(0, cut), bytes.subarray(cut)]);
        assert.equal(requests.length, 1);
        assert.deepEqual([requests[0]?.method, requests[0]?.target], [method, target]);
        assert.ok(requests[0]?.body.equals(captureBody(name)));
        assert.equal(rest.length, 0);
      }
    });
  }

  test('byte by byte, one after the other, with stream bytes behind', () => {
    const bytes = Buffer.concat([
      capture('02-mem-c-get-probe'),
      capture('02-mem-c-connect-cgi'),
      capture('02-mem-c-login-ticket'),
    ]);
    const single = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
    const { requests } = parse(single);
    assert.deepEqual(
      requests.map((request) => request.target),
      ['/', connect, vpn],
    );
    assert.equal(requests[2]?.contentType, 'application/octet-stream');
    const parser = new RequestParser();
    assert.ok(parser.push(Buffer.concat([post(vpn, 'x'), Buffer.from('stream')])));
    assert.equal(parser.takeRest().toString(), 'stream');
  });
});

describe('what is refused', () => {
  const cases: readonly (readonly [string, WireErrorCode, Buffer])[] = [
    ['random bytes', 'http-malformed', Buffer.from('16030100ff', 'hex')],
    ['a lower-case method', 'http-malformed', raw('get / HTTP/1.1', '', '')],
    ['two words', 'http-malformed', raw('GET /', '', '')],
    ['an absolute target', 'http-malformed', raw('GET http://x/ HTTP/1.1', '', '')],
    ['HTTP/1.0', 'http-unsupported', raw('GET / HTTP/1.0', '', '')],
    ['a line without colon', 'http-malformed', raw('GET / HTTP/1.1', 'nonsense', '', '')],
    ['a name with a space', 'http-malformed', raw('GET / HTTP/1.1', 'A b: c', '', '')],
    ['a folded line', 'http-malformed', raw('GET / HTTP/1.1', 'A: b', ' c', '', '')],
    ['a control character', 'http-malformed', raw('GET / HTTP/1.1', 'A: \x01', '', '')],
    ['bare line feeds', 'http-malformed', raw('GET / HTTP/1.1\nA: b', '', '')],
    [
      'a negative length',
      'http-malformed',
      raw(`POST ${vpn} HTTP/1.1`, 'Content-Length: -1', '', ''),
    ],
    [
      'a length in hex',
      'http-malformed',
      raw(`POST ${vpn} HTTP/1.1`, 'Content-Length: 0x1', '', ''),
    ],
    ['two lengths', 'http-malformed', post(vpn, 'x', ['content-length: 1'])],
    ['chunked coding', 'http-unsupported', post(vpn, 'x', ['Transfer-Encoding: chunked'])],
    ['a GET with a body', 'http-over-limit', raw('GET / HTTP/1.1', 'Content-Length: 1', '', '')],
  ];
  for (const [what, code, bytes] of cases) {
    test(`${what}: ${code}`, () => assert.equal(failure(bytes), code));
  }

  const announced = (target: string, bytes: number): Buffer =>
    raw(`POST ${target} HTTP/1.1`, `Content-Length: ${bytes}`, '', '');
  const padded = (bytes: number): Buffer => {
    const head = raw('GET / HTTP/1.1', 'A: b', 'B: ');
    const filler = Buffer.alloc(requestLimits.lineBytesMax - 3 - 2, 'x');
    const some = Buffer.concat([head, filler, raw('', 'C: ')]);
    return Buffer.concat([some, Buffer.alloc(bytes - some.length - 4, 'x'), raw('', '', '')]);
  };
  const limits: readonly (readonly [string, number, (n: number) => Buffer])[] = [
    ['a body for connect.cgi', connectBodyBytesMax, (n) => announced(connect, n)],
    ['a body for vpn.cgi', loginBodyBytesMax, (n) => announced(vpn, n)],
    [
      'a target',
      requestLimits.targetBytesMax,
      (n) => raw(`GET /${'x'.repeat(n - 1)} HTTP/1.1`, '', ''),
    ],
    [
      'a header line',
      requestLimits.lineBytesMax,
      (n) => raw('GET / HTTP/1.1', `A: ${'x'.repeat(n - 3)}`, '', ''),
    ],
    [
      'headers',
      requestLimits.headersMax,
      (n) => raw('GET / HTTP/1.1', ...Array(n).fill('A: b'), '', ''),
    ],
    ['a head', requestLimits.headBytesMax, padded],
  ];
  for (const [what, limit, build] of limits) {
    for (const [n, expected] of [
      [limit - 1, 'none'],
      [limit, 'none'],
      [limit + 1, 'http-over-limit'],
    ] as const) {
      test(`${what} of ${n}: ${expected}`, () => assert.equal(failure(build(n)), expected));
    }
  }

  test('a head without end is refused at its limit, not awaited', () => {
    assert.equal(failure(Buffer.alloc(requestLimits.headBytesMax - 1, 'A')), 'none');
    assert.equal(failure(Buffer.alloc(requestLimits.headBytesMax, 'A')), 'http-over-limit');
  });

  test('header lines full of spaces that end badly cost no more than others', () => {
    const line = `A:${' '.repeat(requestLimits.lineBytesMax - 3)}\x01`;
    const request = raw('GET / HTTP/1.1', line, '', '');
    const cpuMs = cpuMsOf(() => {
      for (let n = 0; n < 100; n++) assert.equal(failure(request), 'http-malformed');
    });
    assert.ok(cpuMs < 500, `${cpuMs} ms`);
  });

  test('garbage of any kind and cut throws nothing but WireError, and holds little', () => {
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom(
          'GET / HTTP/1.1\r\n',
          'A: b\r\n',
          '\r\n',
          'Content-Length: 99\r\n',
          'POST /x ',
        )
        .map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 40 }), (chunks) => {
        const parser = new RequestParser();
        try {
          for (const bytes of chunks) parser.push(bytes);
        } catch (error) {
          assert.ok(error instanceof WireError, String(error));
        }
        assert.ok(parser.heldBytes <= 32_768);
      }),
    );
  });

  test('what a slow sender has announced is not allocated before it comes', () => {
    const parser = new RequestParser();
    parser.push(announced(vpn, loginBodyBytesMax));
    assert.ok(parser.heldBytes <= 2_048);
  });
});
