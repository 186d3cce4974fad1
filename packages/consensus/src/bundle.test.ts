import { canonicalTextOfParsed, decodeEnvelope } from '@verbatim/statements';
import { forgeEntry, forgePayload } from '@verbatim/testkit';
import { fromBase64, toBase64, toHex, utf8Decode, utf8Encode } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digest, FILE, key, NOW, policyOf, World } from './_world.ts';
import { BUNDLE_MEDIA_TYPE, decodeBundle, encodeBundle, MAX_BUNDLE_BYTES, MAX_BUNDLE_ENTRIES, MAX_BUNDLE_LOOKUPS } from './bundle.ts';
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
/** Of a part of the log, so that there are proof hashes. */
const partial = utf8Decode(encodeBundle({ ...evidence(), entries: evidence().entries.slice(1, 2) }));
const withOpaque = (entry: Uint8Array): string =>
  text.replace(/\{"index":1,"payload".*?\]\},\{"index":2/, `{"entry":"${toBase64(entry)}","index":1},{"index":2`);
/** The first observation with everything spelled out. */
function withPayload(): string {
  const value = JSON.parse(text) as { entries: { index: number; signatures: unknown }[] };
  const { payload, signatures } = decodeEnvelope(evidence().entries[2]!.entry);
  const spelled = signatures.map(({ keyid, sig }) => ({ keyid, sig: toBase64(sig) }));
  value.entries[2] = { index: 2, payload: JSON.parse(utf8Decode(payload)) as unknown, signatures: spelled } as (typeof value.entries)[0];
  return JSON.stringify(value);
}
/** With another predicate of the last observation, which repeats most of the one before. */
function withPredicate(change: (given: object, before: object) => unknown): string {
  const value = JSON.parse(text) as { entries: { predicate: object }[] };
  const [before, last] = value.entries.slice(2) as [{ predicate: object }, { predicate: unknown }];
  last.predicate = change(last.predicate as object, before.predicate);
  return canonicalTextOfParsed(value);
}
const withKeyid = (_all: string, sig: string): string => {
  const { keyid } = decodeEnvelope(evidence().entries[2]!.entry).signatures[0]!;
  return `"signatures":[{"keyid":"${keyid}","sig":"${sig}"}]`;
};
const question = { file: { sha256: FILE }, now: NOW, offline: true, verify: verifyEd25519 };

function largerWorld(): World {
  const world = new World();
  const release = world.release();
  for (const rebuilder of ['acme-1', 'umbra-1', 'zeta-1']) {
    for (let attempt = 1; attempt <= 6; attempt++) world.observe(rebuilder, release, FILE, { attempt });
  }
  return world;
}

const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);

describe('a bundle', () => {
  it('gives back the evidence, and the verdict', () => {
    const decoded = decodeBundle(encodeBundle(evidence()));
    expect(decoded).toEqual(evidence());
    expect(evaluate({ ...question, policy: policyOf(), evidence: decoded }).verdict).toBe('reproduced');
  });

  it('is one canonical JSON object', () => {
    expect(text).toMatch(/^\{"checkpoint":"log\.test\\n5\\n/);
    expect(text).toContain(`"mediaType":"${BUNDLE_MEDIA_TYPE}"}`);
    expect(Object.keys(JSON.parse(text) as object)).toEqual(['checkpoint', 'entries', 'hashes', 'index', 'mediaType']);
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
    ['of another version', text.replace('version=2', 'version=3'), 'malformed'],
    ['whose checkpoint is no note', text.replace('log.test\\n', 'log.test '), 'malformed'],
    ['with an index as text', text.replace('"index":1', '"index":"1"'), 'malformed'],
    ['with a negative index', text.replace('"index":0', '"index":-1'), 'malformed'],
    ['with an index of 1.0', text.replace('"index":1', '"index":1.0'), 'not-canonical'],
    ['with entries out of order', text.replace('"index":0', '"index":3'), 'malformed'],
    ['with an index twice', text.replace('"index":0', '"index":1'), 'malformed'],
    ['with an entry beyond its checkpoint', text.replace('{"index":4,"predicate"', '{"index":5,"predicate"'), 'malformed'],
    ['with a signature in another spelling', text.replace(/"sig":"(.)/, '"sig":" $1'), 'malformed'],
    ['with a keyid that is none', text.replace(/"keyid":"../, '"keyid":"'), 'malformed'],
    ['without signatures of an entry', text.replace(/"signatures":\[[^\]]*\]/, '"signatures":[]'), 'malformed'],
    ['with payload members in another order', text.replace(/("claimed":\{[^}]*\}),("evidence":\[\])/, '$2,$1'), 'not-canonical'],
    ['with a whole payload that follows from its predicate', withPayload(), 'malformed'],
    ['with a keyid that follows from the predicate', text.replace(/"signatures":\["([^"]+)"\]/, withKeyid), 'malformed'],
    [
      'with an observation that repeats all that the one before says',
      withPredicate((given, before) => ({ ...before, ...given })),
      'malformed',
    ],
    ['with an observation that repeats one thing', withPredicate((given) => ({ ...given, attempt: 1 })), 'malformed'],
    ['with an observation that is a list', withPredicate(() => []), 'malformed'],
    ['with an observation that is a number', withPredicate(() => 7), 'malformed'],
    ['with an observation that is null', withPredicate(() => null), 'malformed'],
    ['with a predicate of an unknown type', text.replace('"type":"observation"', '"type":"release"'), 'malformed'],
    ['with a predicate that is none of its type', text.replace('"type":"observation"', '"type":"roster"'), 'malformed'],
    ['with an entry in base64 that has a readable form', withOpaque(evidence().entries[1]!.entry), 'malformed'],
    ['with an entry in base64 that is too large', withOpaque(new Uint8Array(65_536)), 'malformed'],
    ['with a payload of many levels', text.replace('"evidence":[]', `"evidence":${'['.repeat(40)}${']'.repeat(40)}`), 'malformed'],
    ['with a proof hash too many', text.replace('"hashes":"', `"hashes":"${'AAAA'.repeat(32)}`), 'malformed'],
    ['with part of a proof hash', text.replace('"hashes":"', '"hashes":"AAAA'), 'malformed'],
    ['without its proof hashes', partial.replace(/"hashes":"[^"]+"/, '"hashes":""'), 'malformed'],
    ['with an index proof of an unknown type', text.replace('"type":"control"', '"type":"purl"'), 'malformed'],
    ['with an index proof twice', text.replace(/"index":\[(\{"proof":[^}]*\})/, '"index":[$1,$1'), 'malformed'],
    ['with index proofs out of order', text.replace(/(\{"proof":[^}]*\}),(\{"proof":[^}]*\})/, '$2,$1'), 'malformed'],
    ['with an index proof that is too long', text.replace('"index":[{"proof":"', `"index":[{"proof":"${'AAAA'.repeat(5462)}`), 'malformed'],
    ['with a lone surrogate', text.replace('log.test', '\\ud800'), 'malformed'],
    ['that is too large', new Uint8Array(MAX_BUNDLE_BYTES + 1), 'too-large'],
  ];
  it.each(cases)('%s is refused', (_why, bytes, code) => {
    const encoded = typeof bytes === 'string' ? utf8Encode(bytes) : bytes;
    expect(refusal(encoded)).toBe(code);
  });

  it('has any part of a log: each proof hash once, and the same proofs come out of it', () => {
    const world = largerWorld();
    world.log.seal();
    const size = Number(world.log.size);
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(size - 1)), (indexes) => {
        const part = world.evidence({ indexes: indexes.toSorted((a, b) => a - b).map(BigInt) });
        const bytes = encodeBundle(part);
        expect(decodeBundle(bytes)).toEqual(part);
        const { hashes } = JSON.parse(utf8Decode(bytes)) as { hashes: string };
        const distinct = new Set(part.entries.flatMap(({ proof }) => proof.map(toHex)));
        expect(fromBase64(hashes).length / 32).toBeLessThanOrEqual(distinct.size);
      }),
      { numRuns: 60 },
    );
  });

  it('says once what observations repeat: the second has what differs', () => {
    const { entries } = JSON.parse(text) as { entries: { predicate: object; type: string }[] };
    const [first, second] = entries.filter(({ type }) => type === 'observation').map(({ predicate }) => Object.keys(predicate));
    expect(first).toHaveLength(18);
    expect(second).toEqual(['platform', 'rebuilder']);
  });

  it('has an observation that lacks what the one before has, which no log may admit, and the next as if it were not there', () => {
    const world = new World();
    const release = world.release();
    world.observe('acme-1', release, FILE);
    const whole = JSON.parse(utf8Decode(decodeEnvelope(world.log.entry(release + 1n)).payload)) as { predicate: object };
    const predicate = Object.fromEntries(Object.entries(whole.predicate).filter(([name]) => name !== 'vcs'));
    world.log.add(forgeEntry({ ...whole, predicate }, [key('acme-1')]));
    world.observe('umbra-1', release, FILE);
    const shown = world.evidence();
    const bytes = encodeBundle(shown);
    expect(decodeBundle(bytes)).toEqual(shown);
    const { entries } = JSON.parse(utf8Decode(bytes)) as { entries: { payload?: object; predicate?: object }[] };
    expect(Object.keys(entries[3]!.payload!)).toEqual(['_type', 'predicate', 'predicateType', 'subject']);
    expect(Object.keys(entries[4]!.predicate!)).toEqual(['platform', 'rebuilder']);
  });

  it('whose entries together are larger than the limit is neither written nor read, however little it has of them', () => {
    const { checkpoint } = evidence();
    const large = { entry: new Uint8Array(16_384), proof: [] };
    const entries = Array.from({ length: 1100 }, (_, i) => ({ ...large, index: BigInt(i) }));
    expect(() => encodeBundle({ checkpoint, entries, index: [] })).toThrow(/at most 16777216 bytes together/);
    const { signatures } = decodeEnvelope(evidence().entries[2]!.entry);
    const sig = toBase64(signatures[0]!.sig);
    const predicate = { artifact: 'a', observed: { sha256: FILE }, padding: 'x'.repeat(11_500), rebuilder: signatures[0]!.keyid };
    const observations = entries.map((_, i) => ({ index: i, predicate: i === 0 ? predicate : {}, signatures: [sig], type: 'observation' }));
    const value = { ...(JSON.parse(text) as object), entries: observations };
    expect(JSON.stringify(value).length).toBeLessThan(250_000);
    expect(refusal(utf8Encode(canonicalTextOfParsed({ ...value, entries: observations.slice(0, 1000) })))).toBe('malformed');
    expect(refusal(utf8Encode(canonicalTextOfParsed(value)))).toBe('too-large');
  });

  it('has entries that no log may admit, so that the verdict stays', () => {
    const world = new World();
    world.log.add(utf8Encode('no envelope at all'));
    world.log.add(forgeEntry({ deep: nested(40) }, [key('acme-1')]));
    world.log.add(forgePayload(utf8Encode('{"b":1,"a":2}'), [key('acme-1')]));
    const shown = world.evidence();
    const bytes = encodeBundle(shown);
    expect(decodeBundle(bytes)).toEqual(shown);
    expect(utf8Decode(bytes).match(/\{"entry":/g)).toHaveLength(3);
    expect(evaluate({ ...question, policy: policyOf(), evidence: decodeBundle(bytes) }).verdict).toBe('log-misbehaviour');
  });

  it('is not written of proofs that contradict each other, or lead elsewhere', () => {
    const whole = largerWorld().evidence();
    const [first, second, third, ...rest] = whole.entries;
    const lying = { ...second!, proof: second!.proof.with(2, new Uint8Array(32)) };
    expect(() => encodeBundle({ ...whole, entries: [first!, lying, third!, ...rest] })).toThrow(/proofs in one tree/);
    const short = { ...second!, proof: second!.proof.slice(1) };
    expect(() => encodeBundle({ ...whole, entries: [short] })).toThrow(BundleError);
    expect(() => encodeBundle({ ...whole, entries: [{ ...second!, index: 99n }] })).toThrow(/below the checkpoint's size/);
  });

  it('with more entries or index proofs than the limit is neither written nor read', () => {
    const { checkpoint, index } = evidence();
    const entry = { entry: new Uint8Array(1), proof: [] };
    const entries = Array.from({ length: MAX_BUNDLE_ENTRIES + 1 }, (_, i) => ({ ...entry, index: BigInt(i) }));
    expect(() => encodeBundle({ checkpoint, entries, index: [] })).toThrow(/at most 4096 entries/);
    const many = entries.map((_, i) => `{"entry":"AA==","index":${i}}`).join(',');
    expect(refusal(utf8Encode(text.replace(/"entries":\[.*\],"hashes"/, `"entries":[${many}],"hashes"`)))).toBe('malformed');
    const proofs = Array.from({ length: MAX_BUNDLE_LOOKUPS + 1 }, (_, i) => ({
      ...index[0]!,
      lookup: { type: 'artifact' as const, value: digest(`${i}`) },
    }));
    expect(() => encodeBundle({ checkpoint, entries: [], index: proofs })).toThrow(/at most 16 lookup keys/);
    const lookups = proofs.map(({ lookup: { value } }) => `{"proof":"","type":"artifact","value":"${value}"}`).toSorted();
    expect(refusal(utf8Encode(text.replace(/"index":\[\{"proof.*\]/, `"index":[${lookups.join(',')}]`)))).toBe('malformed');
  });

  it('larger than the limit is not written', () => {
    const world = new World();
    for (let i = 0; i < 300; i++) world.log.add(new Uint8Array(16_384));
    expect(() => encodeBundle(world.evidence({ seal: false }))).toThrow(/at most 4194304 bytes/);
  });

  it('with any byte changed is refused, or never better than before', () => {
    const bytes = encodeBundle(evidence());
    const policy = policyOf({ lines: ['require 3'] });
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        let decoded: Evidence;
        try {
          decoded = decodeBundle(bytes.with(at, bytes[at]! ^ mask));
        } catch (error) {
          expect(error).toBeInstanceOf(BundleError);
          return;
        }
        expect(evaluate({ ...question, policy, evidence: decoded }).verdict).not.toBe('reproduced');
      }),
      { numRuns: 200 },
    );
  });
});
