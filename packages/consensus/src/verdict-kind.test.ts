import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXIT_CODES, exitCodeOf, isWorse, type VerdictKind, worst } from './verdict-kind.ts';

const WORST_FIRST: VerdictKind[] = [
  'log-misbehaviour',
  'policy-error',
  'unknown-file',
  'not-reproduced',
  'unavailable',
  'insufficient',
  'reproduced',
];

describe('verdicts', () => {
  it('have exactly these exit codes', () => {
    expect(EXIT_CODES).toEqual({
      reproduced: 0,
      'not-reproduced': 1,
      'unknown-file': 1,
      'log-misbehaviour': 1,
      'policy-error': 2,
      insufficient: 3,
      unavailable: 4,
    });
  });

  it.each(['', 'Reproduced', 'reproduced ', 'toString', '__proto__', 'constructor'])(
    'that do not exist, such as %j, never exit 0',
    (kind) => {
      expect(exitCodeOf(kind)).toBe(2);
    },
  );

  it('are ordered worst first', () => {
    for (const [i, kind] of WORST_FIRST.entries()) {
      expect(worst(WORST_FIRST.slice(i).toReversed())).toBe(kind);
      for (const better of WORST_FIRST.slice(i + 1)) expect(isWorse(kind, better) && !isWorse(better, kind)).toBe(true);
    }
  });

  it('of several files are reproduced only if all are', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...WORST_FIRST)), (kinds) => {
        expect(exitCodeOf(worst(kinds)) === 0).toBe(kinds.length > 0 && kinds.every((kind) => kind === 'reproduced'));
      }),
    );
  });
});
