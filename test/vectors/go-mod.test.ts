/** golang.org/x/mod/sumdb: the notes, keys and CT proofs that the Go checksum database's code is tested with. */
import { beforeAll, describe, expect, test } from 'vitest';
import {
  formatCheckpoint,
  fromBase64,
  hashLeaf,
  openNote,
  parseCheckpoint,
  parseTilePath,
  parseVkey,
  signNote,
  utf8Decode,
  utf8Encode,
  verifyConsistency,
  verifyInclusion,
} from '@verbatim/tlog';
import { parsePrivateKey, verifyEd25519 } from '@verbatim/tlog/node';
import { fetchGoModule, goFunction, goStrings, type ReadModuleFile } from './_go-module.ts';
import { parseJson } from './_merkle.ts';

let read: ReadModuleFile;
beforeAll(() => {
  ({ read } = fetchGoModule({ path: 'golang.org/x/mod', version: 'v0.42.0', sum: 'h1:ICeL3t2L30ljSPHHxDnR4fqVcBt/zR2zJAb9juavmQg=' }));
});

test('proofs of a real CT log of 962 million entries verify', () => {
  const json = (name: string) => parseJson(read(`sumdb/tlog/testdata/argon2020/${name}.json`));
  const head = json('sth') as { tree_size: bigint; sha256_root_hash: string };
  const { entries } = json('entries') as { entries: { leaf_input: string }[] };
  const inclusion = json('proof') as { leaf_index: bigint; audit_path: string[] };
  const { consistency } = json('consistency') as { consistency: string[] };
  const root = fromBase64(head.sha256_root_hash);
  const leaf = hashLeaf(fromBase64(entries[0]!.leaf_input));
  const path = inclusion.audit_path.map(fromBase64);
  expect(inclusion.leaf_index).toBe(10_000n);
  expect(verifyInclusion(10_000n, head.tree_size, leaf, path, root)).toBe(true);
  expect(verifyInclusion(10_001n, head.tree_size, leaf, path, root)).toBe(false);

  const oldRoot = goStrings(goFunction(read('sumdb/tlog/ct_test.go'), 'TestCertificateTransparency', '\n}\n')).find((s) => s.length === 44);
  const growth = consistency.map(fromBase64);
  expect(verifyConsistency(3_654_490n, head.tree_size, growth, fromBase64(oldRoot!), root)).toBe(true);
  expect(verifyConsistency(3_654_491n, head.tree_size, growth, fromBase64(oldRoot!), root)).toBe(false);
});

describe('note_test.go', () => {
  const strings = (name: string) => goStrings(goFunction(read('sumdb/note/note_test.go'), name, '\n}\n'));
  const one = (list: string[], prefix: string) => {
    const found = list.find((s) => s.startsWith(prefix));
    if (found === undefined) throw new Error(`expected a literal that starts with ${prefix}`);
    return found;
  };

  test('its verifier key is accepted, and a wrong length with a fitting key ID is not', () => {
    const keys = strings('TestNewVerifier').filter((s) => s.startsWith('PeterNeumann+'));
    expect(keys).toHaveLength(3);
    expect(parseVkey(keys[0]!)).toMatchObject({ name: 'PeterNeumann', keyId: 0xc74f20a3, type: 1 });
    // Its base64 is not canonical either, which Go does not look at.
    expect(() => parseVkey(keys[1]!)).toThrow(expect.objectContaining({ code: 'malformed-vkey' }));
    // Go refuses a type that it does not know; we carry it, and no signature can be verified with it.
    const opaque = parseVkey(keys[2]!);
    expect(opaque.type).toBe(0x65);
    expect(() => openNote(utf8Encode('a\n\n— a AAAAAAA=\n'), [opaque], verifyEd25519)).toThrow(
      expect.objectContaining({ code: 'bad-key' }),
    );
  });

  test('its signer writes the same note', () => {
    const list = strings('TestSign');
    const want = one(list, 'If you think cryptography is the answer to your problem,\nthen');
    const signer = parsePrivateKey(one(list, 'PRIVATE+KEY+'));
    expect(utf8Decode(signNote(want.slice(0, want.indexOf('\n\n') + 1), [signer]))).toBe(want);
  });

  describe('opening', () => {
    const load = () => {
      const list = strings('TestOpen');
      return {
        text: one(list, 'If you think'),
        peter: parseVkey(one(list, 'PeterNeumann+')),
        enoch: parseVkey(one(list, 'EnochRoot+')),
        peterLine: one(list, '— PeterNeumann x08go'),
        enochLine: one(list, '— EnochRoot '),
        badLine: `${one(list, '— Bad Name')}\n`,
      };
    };

    test('verifies one, both or none of two signatures', () => {
      const { text, peter, enoch, peterLine, enochLine } = load();
      const note = utf8Encode(`${text}\n${peterLine}${enochLine}`);
      const [one_, both] = [openNote(note, [peter], verifyEd25519), openNote(note, [peter, enoch], verifyEd25519)];
      expect(one_.text).toBe(text);
      expect([one_.verified.length, one_.unknown.length]).toEqual([1, 1]);
      expect([both.verified.length, both.unknown.length]).toEqual([2, 0]);
      expect(() => openNote(note, [], verifyEd25519)).toThrow(expect.objectContaining({ code: 'unverified-note' }));
    });

    test('refuses a signature that was stretched', () => {
      const { text, peter, peterLine } = load();
      const stretched = utf8Encode(`${text}\n${peterLine.slice(0, 58)}ABCD${peterLine.slice(58)}`);
      expect(() => openNote(stretched, [peter], verifyEd25519)).toThrow(expect.objectContaining({ code: 'bad-signature' }));
    });

    test('refuses everything that is malformed there', () => {
      const { text, peter, peterLine, badLine } = load();
      const malformed = [
        text,
        `${text}\n`,
        `${text}\n${peterLine.slice(0, -1)}`,
        `\u0001${text}\n${peterLine}`,
        `${text}\n${badLine}`,
        `${text}\n${badLine.slice(0, -1)}`,
        `${text}\n${peterLine}Unexpected line.\n`,
        `${text}\n${peterLine.repeat(101)}`,
      ].map(utf8Encode);
      malformed.push(new Uint8Array([0xff, ...utf8Encode(`${text}\n${peterLine}`)]));
      for (const note of malformed) {
        expect(() => openNote(note, [peter], verifyEd25519)).toThrow(expect.objectContaining({ code: 'malformed-note' }));
      }
    });

    test('refuses repeated lines, which Go collapses and tlog-checkpoint forbids', () => {
      const { text, peter, peterLine } = load();
      expect(() => openNote(utf8Encode(`${text}\n${peterLine}${peterLine}`), [peter], verifyEd25519)).toThrow(
        expect.objectContaining({ code: 'malformed-note' }),
      );
    });

    test('refuses keys that cannot be told apart', () => {
      const { text, peter, enoch, enochLine } = load();
      expect(() => openNote(utf8Encode(`${text}\n${enochLine}`), [enoch, peter, enoch], verifyEd25519)).toThrow(
        expect.objectContaining({ code: 'bad-key' }),
      );
    });
  });
});

test('the tree head of the checksum database is read and printed alike, and bad ones are refused', () => {
  const golden = 'go.sum database tree\n123456789012\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n';
  const heads = goStrings(goFunction(read('sumdb/tlog/note_test.go'), 'TestParseTree', '\n}\n')).filter((s) =>
    s.startsWith('go.sum database tree\n'),
  );
  expect(heads).toHaveLength(3);
  const [good, ...bad] = heads as [string, ...string[]];
  expect(good).toBe(golden);
  expect(parseCheckpoint(good)).toMatchObject({ size: 123_456_789_012n, root: hashLeaf(utf8Encode('hello world')) });
  expect(formatCheckpoint(parseCheckpoint(good))).toBe(good);
  // Go ignores lines after the root; we take no extension lines.
  for (const head of [...bad, `${good}JOE`, `${good}JOE\n`]) {
    expect(() => parseCheckpoint(head)).toThrow(expect.objectContaining({ code: 'malformed-checkpoint' }));
  }
});

test('the checksum database’s own tile paths, which name a height, are not C2SP’s', () => {
  const paths = goStrings(goFunction(read('sumdb/tlog/tile_test.go'), 'FuzzParseTilePath', 'f.Fuzz')).filter((s) => s.startsWith('tile/'));
  expect(paths.length).toBeGreaterThan(5);
  expect(paths.filter((path) => parseTilePath(path) !== null)).toEqual([]);
});
