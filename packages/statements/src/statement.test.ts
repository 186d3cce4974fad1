import {
  Scene,
  aRelease,
  aRevocation,
  anArtifact,
  anEnrolment,
  anObservation,
  forgeEntry,
  forgePayload,
  testSigner,
} from '@verbatim/testkit';
import { bytesEqual, utf8Decode, utf8Encode } from '@verbatim/tlog';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changed, outcome } from './_refusals.ts';
import { decodeEnvelope, encodeEnvelope } from './envelope.ts';
import { StatementError } from './errors.ts';
import { keyidOf } from './keyid.ts';
import { makeControl } from './make.ts';
import { RESULTS } from './vocabulary.ts';
import { decodeEntry, encodeStatement } from './statement.ts';

const scene = new Scene();
scene.observe(0);
scene.observe(1, { result: 'differ' });
const entries = scene.everything().map(({ entry }) => entry);
const release = scene.release;
const registrar = testSigner('registrar-npm');

/** The property of the whole format: bytes are refused, or are the one spelling of what they say. */
function isRefusedOrCanonical(bytes: Uint8Array): void {
  try {
    const { envelope, statement } = decodeEntry(bytes);
    expect(bytesEqual(encodeEnvelope(envelope), bytes)).toBe(true);
    expect(bytesEqual(encodeStatement(statement), envelope.payload)).toBe(true);
  } catch (error) {
    expect(error).toBeInstanceOf(StatementError);
  }
}

const edit = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('replace', 'insert', 'delete', 'repeat'),
  byte: fc.oneof(fc.nat(255), fc.constantFrom(...utf8Encode('{}[]":,\\ \n0123456789abcdefu-+./=truenl'))),
  length: fc.integer({ min: 1, max: 80 }),
});
type Edit = { at: number; kind: string; byte: number; length: number };

function edited(bytes: Uint8Array, { at, kind, byte, length }: Edit): Uint8Array {
  const copy = [...bytes];
  const place = at % copy.length;
  if (kind === 'replace') copy[place] = byte;
  if (kind === 'insert') copy.splice(place, 0, byte);
  if (kind === 'delete') copy.splice(place, length);
  if (kind === 'repeat') copy.splice(place, 0, ...copy.slice(place, place + length));
  return Uint8Array.from(copy);
}

describe('any mutation of an entry is refused, or is the one spelling of what it says', () => {
  test('in its bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...entries), fc.array(edit, { minLength: 1, maxLength: 3 }), (entry, edits) => {
        isRefusedOrCanonical(edits.reduce(edited, entry));
      }),
      { numRuns: 1500 },
    );
  });

  test('in its payload', () => {
    fc.assert(
      fc.property(fc.constantFrom(...entries), fc.array(edit, { minLength: 1, maxLength: 3 }), (entry, edits) => {
        const envelope = decodeEnvelope(entry);
        const payload = edits.reduce(edited, envelope.payload);
        if (payload.length > 0) isRefusedOrCanonical(encodeEnvelope({ ...envelope, payload }));
      }),
      { numRuns: 1500 },
    );
  });

  test('in one value of its statement', () => {
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom('', null, -1, 1.5, '\ud800', 'a\u202e', '../x', {}, []));
    fc.assert(
      fc.property(fc.constantFrom(...entries), fc.nat(), value, (entry, pick, replacement) => {
        const { envelope, statement } = decodeEntry(entry);
        const paths = leaves(statement);
        const mutated = changed(statement, paths[pick % paths.length]!, replacement);
        isRefusedOrCanonical(encodeEnvelope({ ...envelope, payload: utf8Encode(sortedJson(mutated)) }));
      }),
      { numRuns: 1500 },
    );
  });

  test('in every single bit of one entry', () => {
    const entry = entries[2]!;
    for (let at = 0; at < entry.length; at++) {
      for (let bit = 0; bit < 8; bit++) isRefusedOrCanonical(entry.with(at, entry[at]! ^ (1 << bit)));
    }
  });
});

/** Paths of every value in it, objects and lists too. */
function leaves(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [path];
  const members = Object.entries(value).flatMap(([key, member]) =>
    /[.[\]]/.test(key) ? [] : leaves(member, path === '' ? key : `${path}.${key}`),
  );
  return path === '' ? members : [path, ...members];
}

/** Keys in order, so that only the value is at fault. */
function sortedJson(value: unknown): string {
  const sort = (_: string, member: unknown): unknown =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member;
  return JSON.stringify(value, sort);
}

describe('statements', () => {
  test('round-trip through entries, of every kind and with every result', () => {
    const about = { origin: 'log.example/test', release, index: 5, leafHash: new Uint8Array(32), rebuilder: registrar };
    const statements = [
      makeControl({ action: 'freeze', origin: 'log.example/x', reason: 'It ends.' }),
      anEnrolment(registrar),
      aRevocation(registrar),
      release,
      ...RESULTS.map((result) => anObservation(about, { result })),
    ];
    for (const statement of statements) {
      const decoded = decodeEntry(forgeEntry(statement, [registrar]));
      expect(decoded.statement).toEqual(JSON.parse(JSON.stringify(statement)));
      expect(decoded.payloadDigest).toBe(createHash('sha256').update(encodeStatement(statement)).digest('hex'));
    }
  });

  test.each<[string, unknown, string]>([
    ['of an unknown predicate', changed(release, 'predicateType', 'https://slsa.dev/provenance/v1'), 'unknown-predicate predicateType'],
    ['of a predicate that is inherited', changed(release, 'predicateType', 'constructor'), 'unknown-predicate predicateType'],
    ['without a predicate', {}, 'unknown-predicate predicateType'],
    ['that are lists', [], 'bad-schema'],
    ['that are null', null, 'bad-schema'],
    ['that are numbers', 1, 'bad-schema'],
  ])('%s are refused', (_, statement, expected) => {
    expect(outcome(() => decodeEntry(forgeEntry(statement, [registrar])))).toBe(expected);
  });

  const payload = utf8Decode(encodeStatement(release));
  test.each<[string, string, string]>([
    ['a float', payload.replace('"index":1', '"index":1.0'), 'not-canonical'],
    ['an exponent', payload.replace('"index":1', '"index":1e0'), 'not-canonical'],
    ['a fraction', payload.replace('"index":1', '"index":1.5'), 'bad-schema predicate.part.index'],
    ['a duplicate key', payload.replace('"index":1', '"index":1,"index":1'), 'not-canonical'],
    ['a duplicate key of another value', payload.replace('"index":1', '"index":2,"index":1'), 'not-canonical'],
    ['white space', payload.replace('"index":1', '"index": 1'), 'not-canonical'],
    ['a newline at the end', `${payload}\n`, 'not-canonical'],
    ['an escape', payload.replace('esbuild@', '\\u0065sbuild@'), 'not-canonical'],
    ['an own __proto__', payload.replace('"index":1', '"__proto__":{},"index":1'), 'bad-schema predicate.part'],
    ['a lone surrogate', payload.replace('"linux-x64/bin/esbuild"', '"linux-x64/\\ud800"'), 'bad-schema predicate.artifacts[0].name'],
    ['a second document', `${payload}${payload}`, 'not-json'],
    ['a comment', `${payload}//`, 'not-json'],
  ])('with %s are refused', (_, text, expected) => {
    expect(text).not.toBe(payload);
    expect(outcome(() => decodeEntry(forgePayload(utf8Encode(text), [registrar])))).toBe(expected);
  });
});

describe('the signers that a statement implies', () => {
  const [one, two] = [testSigner('one'), testSigner('two')];
  const observation = anObservation({ origin: 'log.example/test', release, index: 5, leafHash: new Uint8Array(32), rebuilder: one });

  test('an observation is signed by the rebuilder that it names, alone', () => {
    expect(outcome(() => decodeEntry(forgeEntry(observation, [one])))).toBe('accepted');
    expect(outcome(() => decodeEntry(forgeEntry(observation, [two])))).toBe('inconsistent signatures[0].keyid');
    expect(outcome(() => decodeEntry(forgeEntry(observation, [one, two])))).toBe('inconsistent signatures');
  });

  test('a registrar’s release and a roster statement have one signature', () => {
    expect(outcome(() => decodeEntry(forgeEntry(release, [one, two])))).toBe('inconsistent signatures');
    expect(outcome(() => decodeEntry(forgeEntry(anEnrolment(one), [one, two])))).toBe('inconsistent signatures');
  });

  test('a publisher’s release may have several', () => {
    const published = aRelease({ artifacts: [anArtifact()], claim: { kind: 'publisher' } });
    expect(outcome(() => decodeEntry(forgeEntry(published, [one, two])))).toBe('accepted');
    expect(keyidOf('one', one.publicKey)).not.toBe(keyidOf('two', two.publicKey));
  });
});
