import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GoModuleFolder, HELLO, bytesOf } from './_go-programs.ts';
import { BinaryError, identify, inferGoRecipes, readGoBuildId, readGoBuildInfo } from './index.ts';
import { MAX_MODULE_INFO_BYTES } from './build-info.ts';

/** Runs every reader; only the typed error may come out, and only of the two that may throw. */
function readAll(bytes: Uint8Array): void {
  identify(bytes);
  readGoBuildId(bytes);
  for (const read of [readGoBuildInfo, inferGoRecipes]) {
    try {
      read(bytes);
    } catch (error) {
      if (!(error instanceof BinaryError)) throw error;
    }
  }
}

const MAGICS = [
  [0x7f, 0x45, 0x4c, 0x46, 1, 1],
  [0x7f, 0x45, 0x4c, 0x46, 2, 1],
  [0x7f, 0x45, 0x4c, 0x46, 2, 2],
  [0x4d, 0x5a],
  [0xcf, 0xfa, 0xed, 0xfe],
  [0xfe, 0xed, 0xfa, 0xce],
  [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2],
  [0xca, 0xfe, 0xba, 0xbf, 0, 0, 0, 1],
  [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
];

let samples: Uint8Array[];
let folder: GoModuleFolder;
beforeAll(() => {
  folder = new GoModuleFolder(HELLO);
  const targets = ['linux/amd64', 'linux/s390x', 'darwin/arm64', 'windows/386', 'js/wasm'];
  samples = targets.map((target) => bytesOf(folder.build({ target, flags: ['-trimpath', '-buildvcs=false', '-ldflags=-s -w'] })));
}, 120_000);
afterAll(() => folder[Symbol.dispose]());

describe('hostile files', () => {
  test('random bytes behind any magic never crash a reader', () => {
    fc.assert(
      fc.property(fc.constantFrom(...MAGICS), fc.uint8Array({ maxLength: 600 }), (magic, rest) => {
        readAll(Uint8Array.of(...magic, ...rest));
      }),
      { numRuns: 2000 },
    );
  });

  test('a real program cut off anywhere never crashes a reader', () => {
    fc.assert(
      fc.property(fc.nat({ max: 4 }), fc.double({ min: 0, max: 1, noNaN: true }), (which, part) => {
        const sample = samples[which]!;
        readAll(sample.subarray(0, Math.floor(part ** 3 * sample.length)));
      }),
      { numRuns: 150 },
    );
  });

  test('changed bytes in the headers of a real program never crash a reader', () => {
    const changes = fc.array(fc.tuple(fc.nat({ max: 1200 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.nat({ max: 4 }), changes, (which, edits) => {
        const bytes = samples[which]!.slice();
        for (const [at, value] of edits) bytes[at] = value;
        readAll(bytes);
      }),
      { numRuns: 250 },
    );
  });

  test('changed bytes inside the build info itself end in a reading or in the typed error', () => {
    const sample = samples[0]!;
    const at = Buffer.from(sample).indexOf(Buffer.from('\xff Go buildinf:', 'latin1'));
    const edits = fc.array(fc.tuple(fc.nat({ max: 700 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(edits, (list) => {
        const bytes = sample.slice();
        for (const [offset, value] of list) bytes[at + offset] = value;
        readAll(bytes);
      }),
      { numRuns: 250 },
    );
  });

  test('a file made of nothing but magics is read in time that grows with its size', () => {
    const magic = Uint8Array.from('\xff Go buildinf:\x08\x02', (character) => character.charCodeAt(0));
    const bytes = new Uint8Array(8 << 20);
    for (let i = 64; i + 16 <= bytes.length; i += 16) bytes.set(magic, i);
    bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
    // Half a million magics: work that grew with their square would outlast the test's time limit by hours.
    expect(readGoBuildInfo(bytes)).toBeNull();
  });
});

/** An ELF header without sections, then the blob at offset 64. */
function blob(flags: number, ...strings: readonly (string | Uint8Array)[]): Uint8Array {
  const body: number[] = [];
  for (const string of strings) {
    const bytes = typeof string === 'string' ? new TextEncoder().encode(string) : string;
    let rest = bytes.length;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) body.push((rest & 0x7f) | 0x80);
    body.push(rest);
    for (const byte of bytes) body.push(byte);
  }
  const file = new Uint8Array(96 + body.length);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  file.set(
    Uint8Array.from('\xff Go buildinf:', (character) => character.charCodeAt(0)),
    64,
  );
  file.set([8, flags], 78);
  file.set(body, 96);
  return file;
}

const wrap = (text: string) => `${'S'.repeat(16)}${text}${'E'.repeat(16)}`;

describe('limits and old formats', () => {
  test('build info of Go before 1.18 is answered as unsupported, naming what to do', () => {
    expect(() => readGoBuildInfo(blob(0))).toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('Go 1.18') }),
    );
    expect(() => inferGoRecipes(blob(1))).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });

  test('a text longer than 4 MiB is refused, one at the limit is read', () => {
    const line = (size: number) => wrap(`path\t${'a'.repeat(size - 32 - 6)}\n`);
    expect(readGoBuildInfo(blob(2, 'go1.22.1', line(MAX_MODULE_INFO_BYTES)))?.path).toHaveLength(MAX_MODULE_INFO_BYTES - 38);
    expect(() => readGoBuildInfo(blob(2, 'go1.22.1', line(MAX_MODULE_INFO_BYTES + 1)))).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    );
  });

  test('a blank text gives the version alone, as Bazel’s programs have it', () => {
    const bytes = blob(2, 'go1.24.0', '');
    expect(readGoBuildInfo(bytes)).toEqual({ goVersion: 'go1.24.0', path: '', main: null, deps: [], settings: new Map(), format: 'elf' });
    expect(inferGoRecipes(bytes)[0]?.missing).toContain('source.module');
  });

  test('a text that is not UTF-8 is malformed', () => {
    const text = Uint8Array.from(wrap('path\t\xff\n'), (character) => character.charCodeAt(0));
    expect(() => readGoBuildInfo(blob(2, 'go1.24.0', text))).toThrow(expect.objectContaining({ code: 'malformed' }));
  });

  test('the settings cannot reach an object’s prototype', () => {
    const info = readGoBuildInfo(blob(2, 'go1.24.0', wrap('path\tx\nbuild\t__proto__=polluted\n')));
    expect(info?.settings.get('__proto__')).toBe('polluted');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('files of other kinds are not Go’s and not an error', () => {
    for (const bytes of [
      new Uint8Array(),
      Uint8Array.of(0x7f),
      new TextEncoder().encode('#!/bin/sh\necho hi\n'),
      Uint8Array.of(0x4d, 0x5a, 0x90),
    ]) {
      expect(identify(bytes)).toEqual({ format: null, os: null, arch: null });
      expect(readGoBuildInfo(bytes)).toBeNull();
      expect(inferGoRecipes(bytes)).toEqual([]);
    }
  });

  test('a Java class file is not taken for a fat Mach-O file', () => {
    expect(identify(Uint8Array.of(0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52, 0, 0)).format).toBeNull();
  });
});
