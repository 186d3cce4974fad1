import { describe, expect, test } from 'vitest';
import { outcome } from './_refusals.ts';
import { StatementError, show } from './errors.ts';
import { array, boolean, distinct, integer, nullable, object, oneOf, record, string, tagged } from './schema.ts';

const any = string('text', 8, () => true);
const parsed = (json: string): unknown => JSON.parse(json);

describe('a check', () => {
  test.each([
    ['takes exactly its keys', object({ a: any }), { a: '' }, 'accepted'],
    ['takes optional keys', object({ a: any }, { b: any }), { a: '', b: '' }, 'accepted'],
    ['goes without optional keys', object({ a: any }, { b: any }), { a: '' }, 'accepted'],
    ['checks optional keys', object({}, { b: any }), { b: 1 }, 'bad-schema b'],
    ['wants its keys', object({ a: any }), {}, 'bad-schema a'],
    ['refuses other keys', object({ a: any }), { a: '', b: '' }, 'bad-schema'],
    ['refuses an own __proto__', object({ a: any }), parsed('{"a":"","__proto__":{}}'), 'bad-schema'],
    ['refuses an inherited name', object({ a: any }), parsed('{"a":"","constructor":1}'), 'bad-schema'],
    ['does not take an inherited key for its own', object({ toString: any }), {}, 'bad-schema toString'],
    ['refuses a list for an object', object({}), [], 'bad-schema'],
    ['refuses null for an object', object({}), null, 'bad-schema'],
    ['takes a map', record(any, boolean, 2), { a: true, b: false }, 'accepted'],
    ['limits a map', record(any, boolean, 1), { a: true, b: false }, 'bad-schema'],
    ['checks a map’s keys', record(oneOf('a'), boolean, 2), parsed('{"__proto__":true}'), 'bad-schema : key'],
    ['checks a map’s values', record(any, boolean, 2), { a: 1 }, 'bad-schema a'],
    ['takes a list', array(boolean, 1, 2), [true, false], 'accepted'],
    ['wants enough items', array(boolean, 1, 2), [], 'bad-schema'],
    ['wants few enough items', array(boolean, 1, 2), [true, true, true], 'bad-schema'],
    ['says which item', array(boolean, 1, 2), [true, 1], 'bad-schema [1]'],
    ['refuses an object for a list', array(boolean, 0, 2), { length: 0 }, 'bad-schema'],
    ['limits strings', any, 'a'.repeat(9), 'bad-schema'],
    ['wants strings', any, 1, 'bad-schema'],
    ['takes the least number', integer(1, 3), 1, 'accepted'],
    ['takes the greatest number', integer(1, 3), 3, 'accepted'],
    ['refuses less', integer(1, 3), 0, 'bad-schema'],
    ['refuses more', integer(1, 3), 4, 'bad-schema'],
    ['refuses fractions', integer(1, 3), 1.5, 'bad-schema'],
    ['refuses what JSON cannot count', integer(0, Number.MAX_VALUE), 2 ** 53, 'bad-schema'],
    ['refuses digits in a string', integer(1, 3), '1', 'bad-schema'],
    ['refuses 1 for true', boolean, 1, 'bad-schema'],
    ['takes one of its values', oneOf('a', 'b'), 'b', 'accepted'],
    ['refuses others', oneOf('a', 'b'), 'c', 'bad-schema'],
    ['takes null where it may', nullable(any), null, 'accepted'],
    ['checks what is not null', nullable(any), 1, 'bad-schema'],
    ['chooses by a tag', tagged('kind', { a: object({ kind: oneOf('a') }) }), { kind: 'a' }, 'accepted'],
    ['refuses an unknown tag', tagged('kind', { a: object({ kind: oneOf('a') }) }), { kind: 'b' }, 'bad-schema kind'],
    ['refuses an inherited tag', tagged('kind', { a: object({ kind: oneOf('a') }) }), { kind: 'toString' }, 'bad-schema kind'],
    ['wants a tag', tagged('kind', { a: object({ kind: oneOf('a') }) }), {}, 'bad-schema kind'],
  ])('%s', (_, check, value, expected) => {
    expect(outcome(() => check(value, ''))).toBe(expected);
  });

  test('says where', () => {
    const check = object({ a: array(object({ b: integer(0, 1) }), 0, 9) });
    expect(outcome(() => check({ a: [{ b: 0 }, { b: 2 }] }, 'predicate'))).toBe('bad-schema predicate.a[1].b');
  });
});

test('items that must differ are refused when they do not', () => {
  expect(outcome(() => distinct(['a', 'b'], (item) => item, 'x'))).toBe('accepted');
  expect(outcome(() => distinct(['a', 'b', 'a'], (item) => item, 'x'))).toBe('bad-schema x');
});

describe('messages', () => {
  test('say what was expected and found', () => {
    expect(() => integer(1, 3)('x', 'predicate.attempt')).toThrow('predicate.attempt: expected a whole number from 1 to 3, found "x"');
  });

  test('show untrusted text short, without control or bidi characters', () => {
    expect(show('a\u202eb\n')).toBe(String.raw`"a\u{202e}b\n"`);
    expect(show('\ud800')).toBe(String.raw`"\ud800"`);
    expect(show('x'.repeat(1000)).length).toBeLessThan(100);
    expect([show(undefined), show([1]), show({}), show(null), show(1)]).toEqual(['nothing', 'a list of 1', 'an object', 'null', '1']);
  });

  test('leave out an empty place', () => {
    expect(new StatementError('not-json', '', 'what').message).toBe('what');
  });
});
