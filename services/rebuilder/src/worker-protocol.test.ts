import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatLine, fromWorker, LineSplitter, MAX_LINE_BYTES, parseLine, ProtocolError } from './worker-protocol.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('lines from the worker', () => {
  test('come out whole, however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' }).filter((line) => !line.includes('\n'))),
        fc.integer({ min: 1, max: 9 }),
        (lines, step) => {
          const bytes = encode(lines.map((line) => `${line}\n`).join(''));
          const splitter = new LineSplitter();
          const found: string[] = [];
          for (let at = 0; at < bytes.length; at += step) found.push(...splitter.push(bytes.subarray(at, at + step)));
          expect(found).toEqual(lines.map((line) => line.toWellFormed()));
        },
      ),
    );
  });

  test('are refused when they are too long, before they end', () => {
    const splitter = new LineSplitter();
    const mib = encode('x'.repeat(1024 * 1024));
    expect(() => {
      for (let at = 0; at <= MAX_LINE_BYTES; at += mib.length) splitter.push(mib);
    }).toThrow(ProtocolError);
  });

  test.each([
    ['not JSON', 'hello'],
    ['an unknown type', '{"type":"signed"}'],
    ['a field too many', '{"type":"beat","key":"x"}'],
    ['a field too few', '{"type":"received"}'],
    [
      'a reason that is no code',
      '{"type":"failed","result":"timeout","reason":"Too Slow","message":"","transient":false,"retryAfterMs":null,"log":null,"facts":{"toolchain":[],"sandbox":null}}',
    ],
    [
      'a result that only the node may give',
      '{"type":"failed","result":"match","reason":"x","message":"","transient":false,"retryAfterMs":null,"log":null,"facts":{"toolchain":[],"sandbox":null}}',
    ],
  ])('that are %s are refused', (_, line) => {
    expect(() => parseLine(fromWorker, line)).toThrow(ProtocolError);
  });

  test('that are of the protocol are read as they were written', () => {
    const message = { type: 'received', path: '/work/1/file' } as const;
    expect(parseLine(fromWorker, formatLine(message).slice(0, -1))).toEqual(message);
  });
});
