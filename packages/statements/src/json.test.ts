import { utf8Decode, utf8Encode } from '@verbatim/tlog';
import fc from 'fast-check';
import canonicalize from 'canonicalize';
import { describe, expect, test } from 'vitest';
import { outcome } from './_refusals.ts';
import { canonicalTextOfParsed, decodeCanonicalJson, encodeCanonicalJson } from './json.ts';

const anything = (value: unknown): unknown => value;
const decode = (text: string): string => outcome(() => decodeCanonicalJson(utf8Encode(text), 1024, 'a value', anything));

describe('canonical JSON', () => {
  // RFC 8785 §3.2.3, "Sorting of Object Properties", in order.
  const sorted = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'];

  test('sorts keys by UTF-16 code units, as RFC 8785 §3.2.3 shows', () => {
    const value = Object.fromEntries(sorted.toReversed().map((key) => [key, 0]));
    expect(Object.keys(JSON.parse(utf8Decode(encodeCanonicalJson(value)).replace('"1"', '"1 "')) as object)).toEqual(sorted.with(1, '1 '));
  });

  test('writes numbers and strings as RFC 8785 §3.2.2 shows', () => {
    const value = JSON.parse(
      String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
    ) as unknown;
    expect(utf8Decode(encodeCanonicalJson(value))).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  test.each([
    ['1.0', 'not-canonical'],
    ['1e0', 'not-canonical'],
    ['-0', 'not-canonical'],
    ['"\\u0061"', 'not-canonical'],
    ['"\\/"', 'not-canonical'],
    [' 1', 'not-canonical'],
    ['{"b":1,"a":1}', 'not-canonical'],
    ['{"a":1,"a":1}', 'not-canonical'],
    ['{"a":{"d":1,"c":1}}', 'not-canonical'],
    ['"\\ud800"', 'not-json'],
    ['01', 'not-json'],
    ['1', 'accepted'],
    ['{"10":1,"9":1}', 'accepted'],
    ['{"9":1,"10":1}', 'not-canonical'],
    ['{"__proto__":1}', 'accepted'],
    ['"\\\\ud800"', 'accepted'],
  ])('reads %s as %s', (text, expected) => {
    expect(decode(text)).toBe(expected);
  });

  test('is read up to its limit', () => {
    expect(decode(`"${'a'.repeat(1022)}"`)).toBe('accepted');
    expect(decode(`"${'a'.repeat(1023)}"`)).toBe('too-large');
  });

  test.each([[Number.NaN], ['\ud800'], [undefined]])('cannot be written of %s', (value) => {
    expect(outcome(() => encodeCanonicalJson(value))).toBe('not-json');
  });

  test('is the same by the engine’s own writer as by canonicalize', () => {
    const key = fc.oneof(fc.string({ unit: 'binary', maxLength: 3 }), fc.constantFrom('a', 'b', '__proto__', '1', '10', '9'));
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: 'binary' }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.constant(null),
        tie('list'),
        tie('map'),
      ),
      list: fc.array(tie('value')),
      map: fc
        .array(fc.tuple(key, tie('value')))
        .map((pairs) => `{${pairs.map(([name, member]) => `${JSON.stringify(name)}:${JSON.stringify(member)}`).join(',')}}`)
        .map((text): unknown => JSON.parse(text)),
    })).value;
    fc.assert(
      fc.property(value, (sample) => {
        const parsed: unknown = JSON.parse(JSON.stringify(sample));
        const text = canonicalize(parsed)!;
        expect(canonicalTextOfParsed(parsed)).toBe(text);
        // Once sorted, the fast way is the one taken.
        expect(canonicalTextOfParsed(JSON.parse(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });
});
