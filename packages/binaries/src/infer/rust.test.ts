import { describe, expect, test } from 'vitest';
import { aside, code, data, elf } from '../explain/_elf.ts';
import { inferCargoRecipe } from './cargo-draft.ts';
import { readRustEvidence } from './rust.ts';
import { readSbom } from './sbom.ts';

const COMMIT = '59807616e1fa2540724bfbac14d7976d7e4a3860';
const REGISTRY = '/home/me/.cargo/registry/src/index.example-0123456789abcdef';
const COMMENT = 'rustc version 1.95.0 (59807616e 2026-04-14)\0GCC: (Debian 12.2.0-14) 12.2.0\0';
const PROGRAM = elf([
  data(`/rustc/${COMMIT}/library/core/src/fmt.rs\0${REGISTRY}/serde-1.0.200/src/lib.rs\0`),
  data('/lib64/ld-linux-x86-64.so.2\0', '.interp'),
  code('code'),
  aside('.comment', COMMENT),
]);

describe('Rust programs', () => {
  test('tell their toolchain, their linker, where crates lay and some of their names', () => {
    expect(readRustEvidence(PROGRAM)).toEqual({
      version: '1.95.0',
      commit: COMMIT,
      packaged: null,
      linkers: ['GCC: (Debian 12.2.0-14) 12.2.0'],
      registry: REGISTRY,
      crates: [{ name: 'serde', versions: ['1.0.200'] }],
      target: 'x86_64-unknown-linux-gnu',
      stripped: true,
    });
  });

  test('a program without any of it is none', () => {
    expect(readRustEvidence(elf([code('code'), aside('.comment', 'GCC: (GNU) 12.2.0\0')]))).toBeNull();
    expect(readRustEvidence(Buffer.from('rustc version 1.95.0'))).toBeNull();
    expect(readRustEvidence(PROGRAM.subarray(0, 100))).toBeNull();
  });

  test('the draft remaps crates to where they lay, and names what is missing', () => {
    const evidence = readRustEvidence(PROGRAM)!;
    const { recipe, missing } = inferCargoRecipe(evidence, { artifact: 'x/bin/tool.exe', crate: 'tool' });
    expect(recipe).toMatchObject({
      remaps: [{ from: 'vendor', to: REGISTRY }],
      outputs: [{ name: 'tool' }],
      profile: { strip: 'symbols' },
    });
    expect(missing).toEqual(['source.version', 'source.sha256', 'toolchain.digests']);
  });
});

describe('lists of what a wheel was made of', () => {
  const component = { name: 'just', version: '1.50.0', purl: 'pkg:cargo/just@1.50.0' };

  test('name the crate', () => {
    const list = { metadata: { component }, components: [{ name: 'serde', version: '1.0.200', purl: 'pkg:cargo/serde@1.0.200' }, 3] };
    expect(readSbom(JSON.stringify(list))).toEqual({ name: 'just', version: '1.50.0', crates: ['serde 1.0.200'] });
  });

  test.each(['', '[]', 'null', '{"metadata":{"component":{"name":"../x","version":"1","purl":"pkg:cargo/x"}}}', ' '.repeat(9_000_000)])(
    'or else are none (%#)',
    (text) => {
      expect(readSbom(text)).toBeNull();
    },
  );
});
