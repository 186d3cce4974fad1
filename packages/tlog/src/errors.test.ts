import { expect, test } from 'vitest';
import { quote } from './errors.ts';
import { TlogError, parseCheckpoint } from './index.ts';

test('quoted text is short ASCII', () => {
  expect(quote('a "b"\n')).toBe('"a \\"b\\"\\n"');
  expect(quote('\u001b[31m\u009b\u202e\ud800é')).toBe('"\\u001b[31m\\u009b\\u202e\\ud800\\u00e9"');
  expect(quote('x'.repeat(65))).toBe(`"${'x'.repeat(64)}"…`);
});

test('an error has a code, a name and a message that says what was expected', () => {
  const run = () => parseCheckpoint('\u202e\n');
  expect(run).toThrow(TlogError);
  expect(run).toThrow(expect.objectContaining({ code: 'malformed-checkpoint', name: 'TlogError' }));
  expect(run).toThrow(/expected three lines .* found "\\u202e\\n"$/);
});
