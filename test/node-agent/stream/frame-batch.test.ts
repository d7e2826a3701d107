import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { deflateBlock } from '#node-agent/stream/compression.ts';
import {
  batchBytes,
  blockBytesMax,
  encodeBatch,
  encodeKeepAlive,
  FrameDecoder,
  type FrameDecoderOptions,
  frameBytesMax,
  keepAliveBytesMax,
} from '#node-agent/stream/frame-batch.ts';
import { WireError } from '#shared/wire/wire-error.ts';
import { capture, streamCaptureNames } from '#test/support/captures.ts';

/** What came out, one line each: `frame 0011…`, `keep-alive 9`, `drop oversize 1700`. */
type Event = string;

/** A decoder and what it said so far. */
function recorder(options: FrameDecoderOptions = {}): { decoder: FrameDecoder; events: Event[] } {
  const events: Event[] = [];
  const decoder = new FrameDecoder(
    {
      onFrame: (frame) => events.push(`frame ${frame.toString('hex')}`),
      onKeepAlive: (bytes) => events.push(`keep-alive ${bytes}`),
      onDrop: (reason, bytes) => events.push(`drop ${reason} ${bytes}`),
    },
    options,
  );
  return { decoder, events };
}

function decode(chunks: Iterable<Buffer>, options: FrameDecoderOptions = {}): Event[] {
  const { decoder, events } = recorder(options);
  for (const chunk of chunks) decoder.push(chunk);
  return events;
}

/** The same from a whole stream, by the layout alone. */
function naive(stream: Buffer): Event[] {
  const events: Event[] = [];
  let offset = 0;
  const word = (): number => {
    offset += 4;
    return stream.readUInt32BE(offset - 4);
  };
  while (offset < stream.length) {
    const count = word();
    if (count === 0xffffffff) {
      const size = word();
      events.push(`keep-alive ${size}`);
      offset += size;
      continue;
    }
    for (let i = 0; i < count; i++) {
      const size = word();
      if (size > 0) events.push(`frame ${stream.toString('hex', offset, offset + size)}`);
      offset += size;
    }
  }
  return events;
}

const words = (...values: number[]): Buffer => {
  const buffer = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) buffer.writeUInt32BE(value, i * 4);
  return buffer;
};

describe('captured streams', () => {
  for (const name of streamCaptureNames) {
    const stream = capture(name);
    const compressed = name.includes('compressed');
    const whole = decode([stream], { compressed });

    test(`${name}: reads whole, from one keep-alive to its last record`, () => {
      assert.match(whole[0] ?? '', /^keep-alive /);
      assert.ok(whole.length > 1);
      assert.ok(whole.every((event) => !event.startsWith('drop')));
      if (!compressed) assert.deepEqual(whole, naive(stream));
    });

    test(`${name}: cut into two at every point, it reads the same`, () => {
      for (let cut = 0; cut <= stream.length; cut++) {
        const halves = [stream.subarray(0, cut), stream.subarray(cut)];
        assert.deepEqual(decode(halves, { compressed }), whole);
      }
    });

    test(`${name}: byte by byte, it reads the same`, () => {
      assert.deepEqual(decode(eachByte(stream), { compressed }), whole);
    });
  }

  test('a compressed frame is a whole Ethernet frame again', () => {
    const frames = decode([capture('08-halfduplex-compressed-3-c-stream')], { compressed: true });
    const ethernet = frames.filter((event) =>
      event.startsWith('frame 00ae305c53bb5e72492c1e5286dd'),
    );
    assert.ok(ethernet.length >= 1);
    assert.equal((ethernet[0]?.length ?? 0) - 'frame '.length, 78 * 2);
  });
});

describe('records', () => {
  test('empty batches and empty blocks are skipped', () => {
    const frame = Buffer.from('abcd');
    const stream = Buffer.concat([words(0, 0), words(3, 0, 4), frame, words(0), words(1, 0)]);
    assert.deepEqual(decode([stream]), ['frame 61626364']);
    assert.deepEqual(decode(eachByte(stream)), ['frame 61626364']);
  });

  test('a keep-alive may be empty', () => {
    assert.deepEqual(decode([encodeKeepAlive(Buffer.alloc(0))]), ['keep-alive 0']);
  });

  test('a keep-alive counts only when it is complete', () => {
    const record = encodeKeepAlive(Buffer.alloc(9));
    assert.deepEqual(decode([record.subarray(0, -1)]), []);
    assert.deepEqual(decode([record]), ['keep-alive 9']);
  });

  test('frames at the limit pass, above it they are dropped with a reason', () => {
    for (const [size, kept] of [
      [frameBytesMax - 1, true],
      [frameBytesMax, true],
      [frameBytesMax + 1, false],
      [blockBytesMax, false],
    ] as const) {
      const next = Buffer.from('next');
      const events = decode([encodeBatch([Buffer.alloc(size), next])]);
      assert.equal(events.length, 2);
      if (kept) assert.equal(events[0]?.length, 'frame '.length + size * 2);
      else assert.equal(events[0], `drop oversize ${size}`);
      assert.equal(events[1], 'frame 6e657874');
    }
  });

  for (const [what, code, max, head] of [
    ['block', 'stream-block-over-limit', blockBytesMax, [1]],
    ['keep-alive', 'stream-keep-alive-over-limit', keepAliveBytesMax, [0xffffffff]],
  ] as const) {
    test(`a ${what} one byte over its limit ends the stream before it is read`, () => {
      for (const size of [max - 1, max]) {
        assert.equal(decode([words(...head, size), Buffer.alloc(size)]).length, 1);
      }
      for (const size of [max + 1, 0xffffffff]) {
        const { decoder, events } = recorder();
        const broken = words(...head, size);
        const refused = (error: unknown): boolean =>
          error instanceof WireError && error.code === code;
        decoder.push(encodeKeepAlive(Buffer.alloc(1)));
        assert.throws(() => decoder.push(broken), refused);
        assert.throws(() => decoder.push(encodeBatch([Buffer.from('x')])), refused);
        assert.deepEqual(events, ['keep-alive 1']);
        assert.equal(decoder.heldBytes, 0);
      }
    });
  }
});

describe('compression', () => {
  test('blocks inflate to at most one frame, whatever they promise', () => {
    const block = (size: number): Buffer => deflateBlock(Buffer.alloc(size));
    const bomb = deflateBlock(Buffer.alloc(1_000_000));
    assert.ok(bomb.length < blockBytesMax);
    const sizes = [frameBytesMax, frameBytesMax + 1].map((size) => block(size).length);
    assert.deepEqual(
      decode([encodeBatch([block(frameBytesMax), block(frameBytesMax + 1), bomb])], {
        compressed: true,
      }),
      [
        `frame ${'00'.repeat(frameBytesMax)}`,
        `drop oversize ${sizes[1]}`,
        `drop oversize ${bomb.length}`,
      ],
    );
  });

  test('a block that is no zlib stream is dropped, the next one is read', () => {
    const good = deflateBlock(Buffer.from('ok'));
    const cut = good.subarray(0, -1);
    const stream = encodeBatch([Buffer.from('garbage'), cut, good]);
    assert.deepEqual(decode([stream], { compressed: true }), [
      'drop not-inflatable 7',
      `drop not-inflatable ${cut.length}`,
      'frame 6f6b',
    ]);
  });
});

describe('memory', () => {
  test('a frame inside one chunk is a view into it, one that spans chunks is not', () => {
    const frames: Buffer[] = [];
    const decoder = new FrameDecoder({
      onFrame: (frame) => frames.push(frame),
      onKeepAlive: () => undefined,
      onDrop: () => undefined,
    });
    const encoded = encodeBatch([Buffer.alloc(100, 1), Buffer.alloc(100, 2)]);
    const batch = Buffer.from(new Uint8Array(encoded).buffer);
    decoder.push(batch.subarray(0, 150));
    decoder.push(batch.subarray(150));
    assert.ok(frames[0]?.buffer === batch.buffer);
    assert.ok(frames[1]?.buffer !== batch.buffer);
    assert.deepEqual(frames[1], Buffer.alloc(100, 2));
  });

  test('each frame that spans chunks has a buffer of its own', () => {
    const frames: Buffer[] = [];
    const decoder = new FrameDecoder({
      onFrame: (frame) => frames.push(frame),
      onKeepAlive: () => undefined,
      onDrop: () => undefined,
    });
    const originals = [Buffer.alloc(30, 1), Buffer.alloc(30, 2), Buffer.alloc(30, 3)];
    for (const byte of eachByte(encodeBatch(originals))) decoder.push(byte);
    assert.deepEqual(frames, originals);
  });

  test('never more than one block is held', () => {
    const { decoder } = recorder();
    const stream = Buffer.concat(
      Array.from({ length: 20 }, () => encodeBatch([Buffer.alloc(1500)])),
    );
    for (const byte of eachByte(stream)) {
      decoder.push(byte);
      assert.ok(decoder.heldBytes <= blockBytesMax);
    }
    assert.equal(decoder.heldBytes, 0);
  });
});

describe('properties', () => {
  const frame = fc.uint8Array({ minLength: 0, maxLength: 60 }).map((bytes) => Buffer.from(bytes));
  const record = fc.oneof(
    fc.array(frame, { minLength: 1, maxLength: 5 }).map(encodeBatch),
    frame.map(encodeKeepAlive),
    fc.constant(words(0)),
  );
  const stream = fc.array(record, { maxLength: 20 }).map((records) => Buffer.concat(records));

  test('any stream in any chunks reads as the naive reader reads it whole', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(70), { minLength: 1, maxLength: 30 }), (bytes, sizes) => {
        assert.deepEqual(decode(chunksOf(bytes, sizes)), naive(bytes));
      }),
    );
  });

  test('garbage never throws anything but a WireError', () => {
    const oftenSmall = fc.uint8Array({ maxLength: 400 }).map((bytes) => {
      return Buffer.from(bytes).map((byte, i) => (i % 4 < 2 ? 0 : byte));
    });
    fc.assert(
      fc.property(oftenSmall, fc.boolean(), (bytes, compressed) => {
        try {
          decode([Buffer.from(bytes)], { compressed });
        } catch (error) {
          assert.ok(error instanceof WireError, String(error));
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('encoding', () => {
  test('the size is known before', () => {
    const frames = [Buffer.alloc(14), Buffer.alloc(0), Buffer.alloc(1514)];
    assert.equal(batchBytes(frames), encodeBatch(frames).length);
  });

  test('the layout is the one of the notes', () => {
    const keepAlive = encodeKeepAlive(Buffer.from('fcfc4a4ff9bbd56089', 'hex'));
    assert.equal(keepAlive.toString('hex'), 'ffffffff00000009fcfc4a4ff9bbd56089');
    const batch = encodeBatch([Buffer.from('aabb', 'hex'), Buffer.from('cc', 'hex')]);
    assert.equal(batch.toString('hex'), '0000000200000002aabb00000001cc');
  });

  test('what breaks a limit is our bug', () => {
    const bug = { name: 'AssertionFailure' };
    assert.throws(() => encodeBatch([]), bug);
    assert.throws(() => encodeBatch([Buffer.alloc(blockBytesMax + 1)]), bug);
    assert.throws(() => encodeKeepAlive(Buffer.alloc(keepAliveBytesMax + 1)), bug);
  });
});

function* eachByte(bytes: Buffer): Generator<Buffer> {
  for (let i = 0; i < bytes.length; i++) yield bytes.subarray(i, i + 1);
}

function* chunksOf(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let offset = 0;
  for (let i = 0; offset < bytes.length; i++) {
    const size = i < 1000 ? (sizes[i % sizes.length] ?? 1) : bytes.length;
    yield bytes.subarray(offset, offset + size);
    offset += size;
  }
}
