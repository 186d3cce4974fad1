/** The bodies with a header of hash lines: tlog-witness requests and tlog-proof files. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  EMPTY_ROOT,
  MAX_EXTRA_BYTES,
  MAX_PROOF_HASHES,
  MAX_SIZE,
  formatAddCheckpoint,
  formatTlogProof,
  parseAddCheckpoint,
  parseTlogProof,
  toBase64,
  utf8Encode,
} from './index.ts';

const HASH = toBase64(EMPTY_ROOT);
const NOTE = 'log.example\n1\nAAAA\n\n— log.example AAAAAAA=\n';
const checkpoint = utf8Encode(NOTE);
const hashes = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: MAX_PROOF_HASHES });
const size = fc.bigInt({ min: 0n, max: MAX_SIZE });
const plain = (list: readonly Uint8Array[]) => list.map((hash) => new Uint8Array(hash));

describe('add-checkpoint', () => {
  test('goes there and back', () => {
    fc.assert(
      fc.property(size, hashes, fc.uint8Array(), (oldSize, proof, note) => {
        const request = { oldSize, proof: plain(proof), checkpoint: new Uint8Array(note) };
        expect(parseAddCheckpoint(formatAddCheckpoint(request))).toEqual(request);
      }),
    );
  });

  test('is spelled as C2SP tlog-witness says', () => {
    const body = formatAddCheckpoint({ oldSize: 7n, proof: [EMPTY_ROOT, EMPTY_ROOT], checkpoint });
    expect(body).toEqual(utf8Encode(`old 7\n${HASH}\n${HASH}\n\n${NOTE}`));
    expect(formatAddCheckpoint({ oldSize: 0n, proof: [], checkpoint })).toEqual(utf8Encode(`old 0\n\n${NOTE}`));
  });

  test.each([
    ['nothing', ''],
    ['a blank line only', '\n'],
    ['no old line', `\n\n${NOTE}`],
    ['a hash line first', `${HASH}\n\n${NOTE}`],
    ['old 007', `old 007\n\n${NOTE}`],
    ['old +5', `old +5\n\n${NOTE}`],
    ['old 0x5', `old 0x5\n\n${NOTE}`],
    ['old -1', `old -1\n\n${NOTE}`],
    ['old 2^63', `old 9223372036854775808\n\n${NOTE}`],
    ['a space at the end', `old 5 \n\n${NOTE}`],
    ['two spaces', `old  5\n\n${NOTE}`],
    ['a tab', `old\t5\n\n${NOTE}`],
    ['no number', `old \n\n${NOTE}`],
    ['upper case', `Old 5\n\n${NOTE}`],
    ['carriage returns', `old 5\r\n\r\n${NOTE}`],
    ['a space before', ` old 5\n\n${NOTE}`],
    ['no blank line', 'old 5\n'],
    ['a hash of 31 bytes', `old 5\n${toBase64(EMPTY_ROOT.slice(1))}\n\n${NOTE}`],
    ['a hash without padding', `old 5\n${HASH.slice(0, -1)}\n\n${NOTE}`],
    ['a space after a hash', `old 5\n${HASH} \n\n${NOTE}`],
    ['two hashes on a line', `old 5\n${HASH}${HASH}\n\n${NOTE}`],
    ['64 hashes', `old 5\n${`${HASH}\n`.repeat(64)}\n${NOTE}`],
    ['a header without an end', `old 5\n${`${HASH}\n`.repeat(100_000)}`],
  ])('refuses %s', (_name, body) => {
    expect(() => parseAddCheckpoint(utf8Encode(body))).toThrow(expect.objectContaining({ code: 'malformed-request' }));
  });

  test('refuses invalid UTF-8 in the header', () => {
    expect(() => parseAddCheckpoint(Uint8Array.of(0x6f, 0xff, 0x0a, 0x0a))).toThrow(expect.objectContaining({ code: 'malformed-request' }));
  });

  test('takes 63 hashes, and leaves it to the witness whether a proof fits', () => {
    const body = `old 0\n${`${HASH}\n`.repeat(63)}\n${NOTE}`;
    expect(parseAddCheckpoint(utf8Encode(body)).proof).toHaveLength(63);
  });

  test('is not made with what no witness takes', () => {
    for (const wrong of [
      { oldSize: -1n },
      { oldSize: MAX_SIZE + 1n },
      { proof: Array.from({ length: 64 }, () => EMPTY_ROOT) },
      { proof: [new Uint8Array(31)] },
    ]) {
      expect(() => formatAddCheckpoint({ oldSize: 0n, proof: [], checkpoint, ...wrong })).toThrow(
        expect.objectContaining({ code: 'out-of-range' }),
      );
    }
  });
});

describe('tlog-proof', () => {
  test('goes there and back', () => {
    const extra = fc.option(fc.uint8Array({ minLength: 1 }), { nil: undefined });
    fc.assert(
      fc.property(size, hashes, fc.uint8Array(), extra, (index, proof, note, data) => {
        const file = {
          index,
          proof: plain(proof),
          checkpoint: new Uint8Array(note),
          ...(data === undefined ? {} : { extra: new Uint8Array(data) }),
        };
        expect(parseTlogProof(formatTlogProof(file))).toEqual(file);
      }),
    );
  });

  test('is spelled as C2SP tlog-proof says', () => {
    const file = formatTlogProof({ index: 7n, proof: [EMPTY_ROOT], checkpoint, extra: Uint8Array.of(0) });
    expect(file).toEqual(utf8Encode(`c2sp.org/tlog-proof@v1\nextra AA==\nindex 7\n${HASH}\n\n${NOTE}`));
  });

  const MAGIC = 'c2sp.org/tlog-proof@v1\n';
  test.each([
    ['nothing', ''],
    ['no header', `index 0\n\n${NOTE}`],
    ['another version', `c2sp.org/tlog-proof@v2\nindex 0\n\n${NOTE}`],
    ['no index', `${MAGIC}\n${NOTE}`],
    ['a word for the index', `${MAGIC}index seven\n\n${NOTE}`],
    ['a negative index', `${MAGIC}index -1\n\n${NOTE}`],
    ['a leading zero', `${MAGIC}index 00\n\n${NOTE}`],
    ['an index of 2^63', `${MAGIC}index 9223372036854775808\n\n${NOTE}`],
    ['extra data after the index', `${MAGIC}index 0\nextra AA==\n\n${NOTE}`],
    ['extra data twice', `${MAGIC}extra AA==\nextra AA==\nindex 0\n\n${NOTE}`],
    ['empty extra data', `${MAGIC}extra \nindex 0\n\n${NOTE}`],
    ['extra data without padding', `${MAGIC}extra AA\nindex 0\n\n${NOTE}`],
    ['too much extra data', `${MAGIC}extra ${toBase64(new Uint8Array(MAX_EXTRA_BYTES + 1))}\nindex 0\n\n${NOTE}`],
    ['a bad hash', `${MAGIC}index 0\nnot-a-hash\n\n${NOTE}`],
    ['a short hash', `${MAGIC}index 0\nAAAA\n\n${NOTE}`],
    ['64 hashes', `${MAGIC}index 0\n${`${HASH}\n`.repeat(64)}\n${NOTE}`],
    ['no blank line', `${MAGIC}index 0\n`],
  ])('refuses %s', (_name, file) => {
    expect(() => parseTlogProof(utf8Encode(file))).toThrow(expect.objectContaining({ code: 'malformed-proof' }));
  });

  test('takes the longest header that its limits allow', () => {
    const file = {
      index: MAX_SIZE,
      proof: Array.from({ length: 63 }, () => EMPTY_ROOT),
      checkpoint,
      extra: new Uint8Array(MAX_EXTRA_BYTES),
    };
    expect(parseTlogProof(formatTlogProof(file))).toEqual(file);
  });

  test('is not made with what no reader takes', () => {
    for (const wrong of [
      { index: -1n },
      { extra: new Uint8Array(0) },
      { extra: new Uint8Array(MAX_EXTRA_BYTES + 1) },
      { proof: [new Uint8Array(33)] },
    ]) {
      expect(() => formatTlogProof({ index: 0n, proof: [], checkpoint, ...wrong })).toThrow(
        expect.objectContaining({ code: 'out-of-range' }),
      );
    }
  });
});
