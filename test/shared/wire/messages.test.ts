import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type AdditionalConnect,
  decodeAdditionalConnect,
  decodeAdditionalConnectAnswer,
  encodeAdditionalConnect,
  encodeAdditionalConnectAnswer,
} from '#shared/wire/additional-connect.ts';
import { decodeEnumHubAnswer, encodeEnumHub, encodeEnumHubAnswer } from '#shared/wire/enum-hub.ts';
import { encodeErrorAnswer, encodeNoopAnswer, readError } from '#shared/wire/error-answer.ts';
import { clientRetry, describeErrorCode, errorCode } from '#shared/wire/error-code.ts';
import { decodeHello, encodeHello } from '#shared/wire/hello.ts';
import { decodeLogin } from '#shared/wire/login.ts';
import { readMethod } from '#shared/wire/method.ts';
import { decodePack, encodePack, loginPackLimits, Pack } from '#shared/wire/pack.ts';
import { defaultPolicy, policyFields, readPolicy, writePolicy } from '#shared/wire/policy.ts';
import { decodeRedirect, encodeRedirect, isRedirect } from '#shared/wire/redirect.ts';
import { decodeWelcome, encodeWelcome, type Welcome } from '#shared/wire/welcome.ts';
import { WireError } from '#shared/wire/wire-error.ts';
import { captureBody, packCaptureNames } from '#test/support/captures.ts';
import { assertRefused, genuine, sent } from './genuine.ts';

const key = Buffer.alloc(20, 7);

describe('hello', () => {
  test('genuine', () => {
    const hello = decodeHello(genuine('01-ctl-s-hello'));
    assert.equal(hello.hello, 'SoftEther VPN Server Developer Edition (64 bit) (Open Source)');
    assert.equal(hello.version, 501);
    assert.equal(hello.build, 9674);
    assert.equal(hello.random.length, 20);
  });

  test('ours reads back, and is the genuine one byte for byte when it says the same', () => {
    const pack = genuine('01-ctl-s-hello');
    const hello = decodeHello(pack);
    assert.deepEqual(decodeHello(sent(encodeHello(hello))), hello);
    const again = encodePack(encodeHello(hello, pack.data('pencore')));
    assert.deepEqual(again, captureBody('01-ctl-s-hello'));
  });

  test('without random, or with random of another size: not a VPN server', () => {
    const pack = genuine('01-ctl-s-hello');
    assertRefused('message-field-missing', () =>
      decodeHello(pack.setData('random', key.subarray(1))),
    );
    assertRefused('message-field-missing', () => decodeHello(pack.delete('random')));
    assertRefused('message-field-missing', () => decodeHello(new Pack().setData('random', key)));
  });
});

describe('redirect', () => {
  test('genuine', () => {
    const pack = genuine('01-ctl-s-redirect');
    assert.ok(isRedirect(pack));
    const redirect = decodeRedirect(pack);
    assert.equal(redirect.address, '10.77.0.2');
    assert.deepEqual(redirect.ports, [443, 992, 5555]);
    assert.ok(new X509Certificate(redirect.certificate).publicKey);
    assert.equal(redirect.message, undefined);
  });

  test('ours is the genuine one byte for byte when it says the same', () => {
    const pack = genuine('01-ctl-s-redirect');
    const again = encodePack(encodeRedirect(decodeRedirect(pack), pack.data('pencore')));
    assert.deepEqual(again, captureBody('01-ctl-s-redirect'));
  });

  test('a message travels as UTF-8, an empty one not at all', () => {
    const redirect = decodeRedirect(genuine('01-ctl-s-redirect'));
    const told = sent(encodeRedirect({ ...redirect, message: 'Grüße' }));
    assert.equal(decodeRedirect(told).message, 'Grüße');
    assert.equal(encodeRedirect({ ...redirect, message: '' }).has('Msg'), false);
  });

  test('without address, ticket, certificate or a usable port it is broken', () => {
    for (const field of ['Ip', 'Ticket', 'Cert']) {
      const pack = genuine('01-ctl-s-redirect').delete(field);
      assertRefused('message-field-missing', () => decodeRedirect(pack));
    }
    const empty = genuine('01-ctl-s-redirect').setData('Cert', Buffer.alloc(0));
    assertRefused('message-field-missing', () => decodeRedirect(empty));
    for (const ports of [[0], [65_536], [443, 0], Array(129).fill(443)]) {
      const pack = genuine('01-ctl-s-redirect').setInts('Port', ports);
      assertRefused('message-field-invalid', () => decodeRedirect(pack));
    }
    const none = genuine('01-ctl-s-redirect').delete('Port');
    assertRefused('message-field-invalid', () => decodeRedirect(none));
    assert.equal(
      decodeRedirect(genuine('01-ctl-s-redirect').setInts('Port', Array(128).fill(1))).ports.length,
      128,
    );
  });

  test('a Hello, a Welcome and an error are no Redirect', () => {
    assert.ok(!isRedirect(genuine('01-ctl-s-hello')));
    assert.ok(!isRedirect(genuine('02-mem-s-welcome')));
    assert.ok(!isRedirect(encodeErrorAnswer(errorCode.hubNotFound)));
  });
});

describe('welcome', () => {
  test('genuine', () => {
    const welcome = decodeWelcome(genuine('02-mem-s-welcome'));
    assert.equal(welcome.sessionName, 'SID-ANON-1');
    assert.equal(welcome.connectionName, 'CID-1');
    assert.equal(welcome.maxConnection, 2);
    assert.equal(welcome.timeoutMs, 20_000);
    assert.equal(welcome.qos, true);
    assert.deepEqual(welcome.policy, { ...defaultPolicy, noBridge: true, noRouting: true });
    assert.deepEqual(
      welcome.sessionKey,
      decodeAdditionalConnect(genuine('03-add-c-additional-connect')).sessionKey,
    );
  });

  test('ours reads back and never leaves TLS', () => {
    const welcome: Welcome = { ...decodeWelcome(genuine('02-mem-s-welcome')), message: 'hallo' };
    const pack = sent(encodeWelcome(welcome));
    assert.equal(pack.int('use_encrypt'), 1);
    assert.deepEqual(decodeWelcome(pack), welcome);
  });

  test('every element ours sends, a genuine server sends too', () => {
    const names = genuine('02-mem-s-welcome').elements.map(({ name }) => name);
    const ours = encodeWelcome(decodeWelcome(genuine('02-mem-s-welcome')));
    for (const { name } of ours.elements) assert.ok(names.includes(name), name);
  });

  test('without key or names, in clear, or with a timeout of no use it is broken', () => {
    for (const field of ['session_key', 'session_name', 'connection_name']) {
      const pack = genuine('02-mem-s-welcome').delete(field);
      assertRefused('message-field-missing', () => decodeWelcome(pack));
    }
    for (const [field, value] of [
      ['use_encrypt', 0],
      ['timeout', 0],
      ['timeout', 99],
    ] as const) {
      const pack = genuine('02-mem-s-welcome').setInt(field, value);
      assertRefused('message-field-invalid', () => decodeWelcome(pack));
    }
  });

  test('connections and timeout are brought into bounds', () => {
    const pack = genuine('02-mem-s-welcome')
      .setInt('max_connection', 99)
      .setInt('timeout', 2 ** 31);
    const welcome = decodeWelcome(pack);
    assert.equal(welcome.maxConnection, 32);
    assert.equal(welcome.timeoutMs, 600_000);
    assert.equal(decodeWelcome(pack.setInt('max_connection', 0)).maxConnection, 1);
  });
});

describe('policy', () => {
  test('the 39 elements are those of a genuine Welcome, one field each and Ver3', () => {
    const names = genuine('02-mem-s-welcome')
      .elements.map(({ name }) => name)
      .filter((name) => name.startsWith('policy:'))
      .sort();
    const ours = writePolicy(new Pack(), defaultPolicy).elements.map(({ name }) => name);
    assert.equal(names.length, 39);
    assert.deepEqual(ours.sort(), names);
    assert.equal(new Set(policyFields.map(({ field }) => field)).size, 38);
  });

  test('a genuine ticket for a plain client: the default, no bridging and no routing', () => {
    const policy = readPolicy(genuine('09-farm-c-task-createticket'));
    assert.deepEqual(policy, { ...defaultPolicy, noBridge: true, noRouting: true });
  });

  test('each field travels alone under its own name', () => {
    const nothing = readPolicy(new Pack());
    for (const { field, kind } of policyFields) {
      const policy = { ...nothing, [field]: kind === 'bool' ? true : 17 };
      assert.deepEqual(readPolicy(sent(writePolicy(new Pack(), policy))), policy);
    }
  });
});

describe('additional_connect', () => {
  test('genuine request and answer', () => {
    const request = decodeAdditionalConnect(genuine('03-add-c-additional-connect'));
    assert.equal(request.clientVer, 501);
    assert.equal(request.clientBuild, 9674);
    const answer = genuine('03-add-s-additional-ok');
    assert.equal(readError(answer), 0);
    assert.deepEqual(decodeAdditionalConnectAnswer(answer), { direction: 'both' });
    assert.equal(decodeAdditionalConnect(genuine('07-head-additional')).clientVer, 502);
  });

  test('ours are the genuine ones byte for byte when they say the same', () => {
    const request = genuine('03-add-c-additional-connect');
    assert.deepEqual(
      encodePack(
        encodeAdditionalConnect(decodeAdditionalConnect(request), request.data('pencore')),
      ),
      captureBody('03-add-c-additional-connect'),
    );
    const answer = genuine('03-add-s-additional-ok');
    assert.deepEqual(
      encodePack(encodeAdditionalConnectAnswer({ direction: 'both' }, answer.data('pencore'))),
      captureBody('03-add-s-additional-ok'),
    );
  });

  test('each direction reads back, and there are no others', () => {
    for (const direction of ['both', 'server-to-client', 'client-to-server'] as const) {
      const answer = sent(encodeAdditionalConnectAnswer({ direction }));
      assert.equal(decodeAdditionalConnectAnswer(answer).direction, direction);
    }
    const fourth = new Pack().setInt('direction', 3);
    assertRefused('message-field-invalid', () => decodeAdditionalConnectAnswer(fourth));
  });

  test('without a key of 20 bytes it is broken', () => {
    const request: AdditionalConnect = {
      sessionKey: key,
      clientStr: '',
      clientVer: 1,
      clientBuild: 1,
    };
    const pack = encodeAdditionalConnect(request).setData('session_key', Buffer.alloc(19));
    assertRefused('message-field-missing', () => decodeAdditionalConnect(pack));
  });
});

describe('method', () => {
  const methods: Readonly<Record<string, string>> = {
    '01-ctl-c-login-anonymous': 'login',
    '01-ctl-c-after-redirect-empty': 'empty',
    '03-add-c-additional-connect': 'additional_connect',
    '09-farm-m-farm-connect': 'farm_connect',
    '10-admin-c-admin': 'admin',
    '11-cascade-login': 'login',
  };
  for (const [name, method] of Object.entries(methods)) {
    test(`${name} asks for ${method}`, () => {
      assert.equal(readMethod(genuine(name)), method);
    });
  }

  test('the rest', () => {
    assert.equal(readMethod(encodeEnumHub()), 'enum_hub');
    assert.equal(readMethod(new Pack().setStr('method', 'password')), 'password');
    assert.equal(readMethod(new Pack().setStr('method', 'upgrade')), 'unknown');
    assert.equal(readMethod(new Pack().setInt('noop', 1)), 'noop');
    assert.equal(readMethod(encodeNoopAnswer()), 'noop');
  });
});

describe('enum_hub', () => {
  for (const names of [[], ['A'], ['A', 'büro', 'C']]) {
    test(`${names.length} hubs read back`, () => {
      assert.deepEqual(decodeEnumHubAnswer(sent(encodeEnumHubAnswer(names))), names);
    });
  }
});

describe('errors', () => {
  test('an error answer carries its code, any other answer 0', () => {
    assert.equal(readError(sent(encodeErrorAnswer(errorCode.authFailed))), 9);
    assert.equal(readError(genuine('01-ctl-s-hello')), 0);
  });

  test('after 10, 16, 20 and 21 clients stay away for 60 s, after no other', () => {
    const away = Object.values(errorCode).filter((code) => clientRetry(code) === 'after-60s');
    assert.deepEqual(away, [10, 16, 20, 21]);
  });

  test('every code has one name and a sentence of its own', () => {
    const codes = Object.values(errorCode);
    assert.equal(new Set(codes).size, codes.length);
    assert.equal(new Set(codes.map(describeErrorCode)).size, codes.length);
    assert.ok(!codes.map(describeErrorCode).includes(describeErrorCode(9999)));
  });
});

test('no message, however mutated, makes a reader throw anything but a WireError', () => {
  const readers = [
    decodeHello,
    decodeLogin,
    decodeRedirect,
    decodeWelcome,
    decodeAdditionalConnect,
    decodeAdditionalConnectAnswer,
    decodeEnumHubAnswer,
    readMethod,
    readError,
    readPolicy,
  ];
  const mutations = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom(...packCaptureNames), mutations, (name, changes) => {
      const bytes = Buffer.from(captureBody(name));
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      for (const read of readers) {
        try {
          read(decodePack(bytes, loginPackLimits));
        } catch (error) {
          assert.ok(error instanceof WireError, String(error));
        }
      }
    }),
    { numRuns: 400 },
  );
});
