import { utf8Decode, utf8Encode } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FILE, NOW, policyOf, World } from './_world.ts';
import { BUNDLE_MEDIA_TYPE, decodeBundle, encodeBundle, MAX_BUNDLE_BYTES, MAX_BUNDLE_ENTRIES } from './bundle.ts';
import { BundleError } from './errors.ts';
import { evaluate } from './evaluate.ts';
import type { Evidence } from './evidence.ts';

function evidence(): Evidence {
  const world = new World();
  const release = world.release();
  world.observe('acme-1', release, FILE);
  world.observe('umbra-1', release, FILE);
  return world.evidence();
}

const refusal = (bytes: Uint8Array): string => {
  try {
    decodeBundle(bytes);
  } catch (error) {
    if (error instanceof BundleError) return error.code;
    throw error;
  }
  return 'accepted';
};
const text = utf8Decode(encodeBundle(evidence()));

describe('a bundle', () => {
  it('gives back the evidence, and the verdict', () => {
    const decoded = decodeBundle(encodeBundle(evidence()));
    expect(decoded).toEqual(evidence());
    const question = { policy: policyOf(), file: { sha256: FILE }, now: NOW, offline: true, verify: verifyEd25519 };
    expect(evaluate({ ...question, evidence: decoded }).verdict).toBe('reproduced');
  });

  it('is one canonical JSON object', () => {
    expect(text).toMatch(/^\{"checkpoint":"log\.test\\n4\\n/);
    expect(text).toContain(`"mediaType":"${BUNDLE_MEDIA_TYPE}"}`);
    expect(Object.keys(JSON.parse(text) as object)).toEqual(['checkpoint', 'entries', 'mediaType']);
  });

  const cases: [why: string, bytes: string | Uint8Array, code: string][] = [
    ['that is empty', '', 'malformed'],
    ['that is no JSON', '{', 'malformed'],
    ['that is no UTF-8', Uint8Array.of(0xff, 0xfe), 'malformed'],
    ['of nesting without end', '['.repeat(1_000_000), 'malformed'],
    ['that is a list', '[]', 'malformed'],
    ['with white space', text.replace(',', ', '), 'not-canonical'],
    ['with a newline after it', `${text}\n`, 'not-canonical'],
    ['with its members in another order', text.replace(/^(\{)("checkpoint":"(?:[^"\\]|\\.)*"),(.*)(\})$/, '$1$3,$2$4'), 'not-canonical'],
    ['with a member twice', text.replace('{', '{"mediaType":"x",'), 'not-canonical'],
    ['with an escape too many', text.replace('log.test', '\\u006cog.test'), 'not-canonical'],
    ['with an unknown member', text.replace('{', '{"extra":1,'), 'malformed'],
    ['of another version', text.replace('version=1', 'version=2'), 'malformed'],
    ['with an index as text', text.replace('"index":1', '"index":"1"'), 'malformed'],
    ['with a negative index', text.replace('"index":0', '"index":-1'), 'malformed'],
    ['with an index of 1.0', text.replace('"index":1', '"index":1.0'), 'not-canonical'],
    ['with entries out of order', text.replace('"index":0', '"index":3'), 'malformed'],
    ['with an index twice', text.replace('"index":0', '"index":1'), 'malformed'],
    ['with base64 in another spelling', text.replace(/"entry":"(.)/, '"entry":" $1'), 'malformed'],
    ['with a proof hash of another length', text.replace(/"proof":\["[^"]+/, '"proof":["AAAA'), 'malformed'],
    ['with a lone surrogate', text.replace('log.test', '\\ud800'), 'malformed'],
    ['that is too large', new Uint8Array(MAX_BUNDLE_BYTES + 1), 'too-large'],
  ];
  it.each(cases)('%s is refused', (_why, bytes, code) => {
    const encoded = typeof bytes === 'string' ? utf8Encode(bytes) : bytes;
    expect(refusal(encoded)).toBe(code);
  });

  it('with more entries than the limit is neither written nor read', () => {
    const entry = { entry: new Uint8Array(1), proof: [] };
    const entries = Array.from({ length: MAX_BUNDLE_ENTRIES + 1 }, (_, i) => ({ ...entry, index: BigInt(i) }));
    expect(() => encodeBundle({ checkpoint: new Uint8Array(1), entries })).toThrow(BundleError);
    const written = `{"checkpoint":"","entries":[${entries.map((_, i) => `{"entry":"AA==","index":${i},"proof":[]}`).join(',')}],"mediaType":"${BUNDLE_MEDIA_TYPE}"}`;
    expect(refusal(utf8Encode(written))).toBe('malformed');
  });

  it('larger than the limit is not written', () => {
    const entries = Array.from({ length: 300 }, (_, i) => ({ index: BigInt(i), entry: new Uint8Array(16_384), proof: [] }));
    expect(() => encodeBundle({ checkpoint: new Uint8Array(1), entries })).toThrow(/at most 4194304 bytes/);
  });

  it('with any byte changed is refused, or never better than before', () => {
    const bytes = encodeBundle(evidence());
    const question = { policy: policyOf({ lines: ['require 3'] }), file: { sha256: FILE }, now: NOW, offline: true, verify: verifyEd25519 };
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        let decoded: Evidence;
        try {
          decoded = decodeBundle(bytes.with(at, bytes[at]! ^ mask));
        } catch (error) {
          expect(error).toBeInstanceOf(BundleError);
          return;
        }
        expect(evaluate({ ...question, evidence: decoded }).verdict).not.toBe('reproduced');
      }),
      { numRuns: 200 },
    );
  });
});
