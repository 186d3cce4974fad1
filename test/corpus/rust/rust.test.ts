import { allCauses, explainFiles } from '@verbatim/binaries/archives';
import { describe, expect, test } from 'vitest';
import { CASES } from './_cases.ts';

describe('the Rust corpus: small programs built for real, each pair with exactly one known cause', () => {
  test.each(CASES)('$name', async ({ build, cause, class: expected, subject, absent = [] }) => {
    const { published, rebuilt, context } = build();
    const explained = await explainFiles(published, rebuilt, context);
    const codes = allCauses(explained).map(({ code }) => code);
    expect({ class: explained.class, codes }).toEqual({
      class: expected,
      codes: cause === null ? [] : (expect.arrayContaining([cause]) as unknown),
    });
    if (cause === null) return;
    // The cause stands first, or right behind one that is the same seen from another side.
    expect(codes.slice(0, 2)).toContain(cause);
    for (const code of absent) expect(codes).not.toContain(code);
    const named = allCauses(explained).find(({ code }) => code === cause)!;
    if (subject !== undefined) expect(named.subject).toMatch(subject);
    expect(named.advice).not.toBe('');
  });
});
