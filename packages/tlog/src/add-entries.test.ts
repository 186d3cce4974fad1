import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AddEntriesReader,
  concatBytes,
  formatAddEntriesHeader,
  formatEntryPackage,
  formatMirrorInfo,
  MAX_SIZE,
  packageRanges,
  parseMirrorInfo,
  toHex,
  utf8Encode,
} from './index.ts';

/** The bytes in chunks of any size, as a network gives them. */
async function* chunked(bytes: Uint8Array, sizes: readonly number[] = [bytes.length || 1]): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const header = { origin: 'log.example', start: 250n, end: 520n, ticket: Uint8Array.of(7, 8) };
const ranges = [...packageRanges(header.start, header.end)];
const packages = ranges.map(({ start, end }, i) => ({
  entries: Array.from({ length: Number(end - start) }, (_, at) => new Uint8Array(at % 7).fill(at)),
  proof: Array.from({ length: i }, () => new Uint8Array(32).fill(i)),
}));
const body = concatBytes(formatAddEntriesHeader(header), ...packages.map(formatEntryPackage));

test('the header, byte by byte (C2SP tlog-mirror)', () => {
  expect(toHex(formatAddEntriesHeader({ origin: 'ab', start: 1n, end: 0x0102n, ticket: Uint8Array.of(0xff) }))).toBe(
    ['00026162', '0000000000000001', '0000000000000102', '0001ff'].join(''),
  );
});

test('packages begin at multiples of 256, but for the first, and end with the upload', () => {
  const spans = (start: bigint, end: bigint) =>
    [...packageRanges(start, end)].map((range) => [range.subtreeStart, range.start, range.end].map(Number));
  expect(spans(0n, 0n)).toEqual([]);
  expect(spans(300n, 300n)).toEqual([]);
  expect(spans(0n, 1n)).toEqual([[0, 0, 1]]);
  expect(spans(0n, 256n)).toEqual([[0, 0, 256]]);
  expect(spans(255n, 257n)).toEqual([
    [0, 255, 256],
    [256, 256, 257],
  ]);
  expect(spans(250n, 520n)).toEqual([
    [0, 250, 256],
    [256, 256, 512],
    [512, 512, 520],
  ]);
});

describe('reading', () => {
  test('what was written comes back, however the network cuts it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 9 }), async (sizes) => {
        const reader = new AddEntriesReader(chunked(body, sizes));
        expect(await reader.header()).toEqual(header);
        for (const [i, range] of ranges.entries()) expect(await reader.package(range)).toEqual({ ...range, ...packages[i] });
      }),
      { numRuns: 40 },
    );
  });

  test('a body that ends early has so many whole packages, and no part of one', async () => {
    const lengths = packages.map((each) => formatEntryPackage(each).length);
    const start = formatAddEntriesHeader(header).length;
    for (const cut of [start, start + 1, start + lengths[0]! - 1, start + lengths[0]!, start + lengths[0]! + 500, body.length - 1]) {
      const reader = new AddEntriesReader(chunked(body.subarray(0, cut), [13]));
      await reader.header();
      let whole = 0;
      while (whole < ranges.length && (await reader.package(ranges[whole]!)) !== null) whole += 1;
      expect(whole, `${cut} bytes`).toBe(cut < start + lengths[0]! ? 0 : cut < start + lengths[0]! + lengths[1]! ? 1 : 2);
    }
  });

  test.each([
    ['nothing', new Uint8Array()],
    ['half a header', formatAddEntriesHeader(header).slice(0, 20)],
    ['a ticket that is not there', formatAddEntriesHeader(header).slice(0, -1)],
    ['an end before the start', formatAddEntriesHeader({ ...header, start: 5n, end: 5n }).with(13 + 7, 9)],
    ['a size of 2^63', formatAddEntriesHeader({ ...header, end: MAX_SIZE }).with(13 + 8, 0xff)],
    ['an origin that is no text', concatBytes(Uint8Array.of(0, 1, 0x80), new Uint8Array(18))],
  ])('%s is malformed', async (_, bytes) => {
    await expect(new AddEntriesReader(chunked(bytes)).header()).rejects.toMatchObject({ code: 'malformed-request' });
  });

  test('63 proof hashes are the most, here and in writing', async () => {
    const proof = (count: number) => Array.from({ length: count }, () => new Uint8Array(32));
    const [range] = packageRanges(0n, 1n);
    const most = formatEntryPackage({ entries: [Uint8Array.of(1)], proof: proof(63) });
    expect((await new AddEntriesReader(chunked(most)).package(range!))!.proof).toHaveLength(63);
    await expect(new AddEntriesReader(chunked(most.with(3, 64))).package(range!)).rejects.toMatchObject({ code: 'malformed-request' });
    expect(() => formatEntryPackage({ entries: [Uint8Array.of(1)], proof: proof(64) })).toThrow(
      expect.objectContaining({ code: 'out-of-range' }),
    );
  });

  test('entries of 0 and of 65,535 bytes', async () => {
    const entries = [new Uint8Array(), new Uint8Array(65_535).fill(3)];
    const [range] = packageRanges(0n, 2n);
    expect((await new AddEntriesReader(chunked(formatEntryPackage({ entries, proof: [] }), [1000])).package(range!))!.entries).toEqual(
      entries,
    );
  });
});

test('what cannot be written is refused', () => {
  for (const wrong of [{ start: 6n, end: 5n }, { start: -1n }, { end: 1n << 63n }, { ticket: new Uint8Array(65_536) }]) {
    expect(() => formatAddEntriesHeader({ ...header, ...wrong })).toThrow(expect.objectContaining({ code: 'out-of-range' }));
  }
});

describe('mirror-info', () => {
  test.each([
    [{ pending: 0n, next: 0n, ticket: new Uint8Array() }, '0\n0\n\n'],
    [{ pending: MAX_SIZE, next: 12n, ticket: utf8Encode('ticket') }, `${MAX_SIZE}\n12\ndGlja2V0\n`],
  ])('three lines, both ways', (info, text) => {
    expect(formatMirrorInfo(info)).toBe(text);
    expect(parseMirrorInfo(text)).toEqual(info);
  });

  test.each([
    '',
    '1\n2\n',
    '1\n2\n\n\n',
    '1\n2\n',
    '01\n2\n\n',
    '1\n-2\n\n',
    '1\r\n2\r\n\r\n',
    '1\n2\nAB=\n',
    `${1n << 63n}\n2\n\n`,
    ' 1\n2\n\n',
    '1\n2\nAA==\nx',
  ])('%j is refused', (text) => {
    expect(() => parseMirrorInfo(text)).toThrow(expect.objectContaining({ code: 'malformed-request' }));
  });
});
