import assert from 'node:assert/strict';
import {
  type HttpRequest,
  RequestParser,
  requestLimits,
} from '#node-agent/listener/request-parser.ts';
import {
  blockBytesMax,
  FrameDecoder,
  type FrameSink,
  frameBytesMax,
} from '#node-agent/stream/frame-batch.ts';
import { decodeAdditionalConnect } from '#shared/wire/additional-connect.ts';
import { loginBodyBytesMax } from '#shared/wire/http.ts';
import { decodeLogin } from '#shared/wire/login.ts';
import { decodePack, encodePack, loginPackLimits, type Pack } from '#shared/wire/pack.ts';
import { readPolicy } from '#shared/wire/policy.ts';
import { WireError } from '#shared/wire/wire-error.ts';
import {
  capture,
  captureBody,
  captureNames,
  packCaptureNames,
  streamCaptureNames,
} from '#test/support/captures.ts';
import type { Target } from './target.ts';

const chunkBytes = [1, 7, 64, 1_400];

/** PACKs: what decodes, encodes to what decodes to the same. */
export const packTarget: Target = {
  name: 'pack',
  seeds: packCaptureNames.map(captureBody),
  files: /shared\/wire\//,
  run: (input) => {
    const pack = orWireError(() => decodePack(input, loginPackLimits));
    if (typeof pack === 'string') return;
    let values = 0;
    for (const element of pack.elements) {
      values += element.values.length;
      assert.ok(Buffer.byteLength(element.name) <= loginPackLimits.nameBytesMax);
    }
    assert.ok(values <= loginPackLimits.valuesMax);
    const again: Pack = decodePack(encodePack(pack), loginPackLimits);
    assert.deepEqual(again.elements, pack.elements);
    orWireError(() => decodeLogin(pack));
    orWireError(() => decodeAdditionalConnect(pack));
    readPolicy(pack);
  },
};

/** The HTTP shell: however the bytes are cut, the same requests or the same error. */
export const httpTarget: Target = {
  name: 'http',
  seeds: captureNames
    .filter((name) => /-c-|^0[4-7]-|^11-/.test(name) && !/stream|rpc/.test(name))
    .map(capture),
  files: /listener\/request-parser/,
  run: (input) => {
    const whole = readRequests(input, Math.max(1, input.length));
    for (const bytes of chunkBytes) assert.deepEqual(readRequests(input, bytes), whole);
  },
};

/** The stream of a session: however the bytes are cut, the same frames, and never much held. */
export const streamTarget: Target = {
  name: 'stream',
  seeds: streamCaptureNames.map(capture),
  files: /node-agent\/stream\//,
  run: (input) => {
    for (const compressed of [false, true]) {
      const whole = readStream(input, Math.max(1, input.length), compressed);
      for (const bytes of compressed ? [64] : chunkBytes) {
        assert.deepEqual(readStream(input, bytes, compressed), whole);
      }
    }
  },
};

function readRequests(input: Buffer, bytes: number): readonly (HttpRequest | string)[] {
  const parser = new RequestParser();
  const found: (HttpRequest | string)[] = [];
  for (let at = 0; at < input.length; at += bytes) {
    const chunk = input.subarray(at, at + bytes);
    const error = orWireError(() => {
      for (let request = parser.push(chunk); request !== undefined; request = parser.next()) {
        found.push(request);
      }
    });
    const most = requestLimits.headBytesMax + loginBodyBytesMax + 2 * input.length;
    assert.ok(parser.heldBytes <= 2 * most + 2_048, `${parser.heldBytes} bytes held`);
    if (error !== undefined) return [...found, error];
  }
  return found;
}

function readStream(input: Buffer, bytes: number, compressed: boolean): readonly string[] {
  const found: string[] = [];
  const sink: FrameSink = {
    onFrame: (frame) => {
      assert.ok(frame.length > 0 && frame.length <= frameBytesMax);
      found.push(frame.toString('latin1'));
    },
    onKeepAlive: (size) => void found.push(`keep-alive ${size}`),
    onDrop: (reason) => void found.push(reason),
  };
  const decoder = new FrameDecoder(sink, { compressed });
  for (let at = 0; at < input.length; at += bytes) {
    const error = orWireError(() => decoder.push(input.subarray(at, at + bytes)));
    assert.ok(decoder.heldBytes <= blockBytesMax, `${decoder.heldBytes} bytes held`);
    if (error !== undefined) return [...found, error];
  }
  return found;
}

/** The code of the error that says the peer is wrong; every other error is our own. */
function orWireError<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError) return error.code;
    throw error;
  }
}
