import { explainFiles } from '@verbatim/binaries/archives';
import { expect, test } from 'vitest';
import { differenceBlob, type Difference } from './difference-blob.ts';

const NONE = { sha256: '0'.repeat(64), size: 1 };
const text = (bytes: string): Uint8Array => new TextEncoder().encode(bytes);

async function difference(): Promise<Difference> {
  const explanation = await explainFiles(text('published, long enough to be a text'), text('rebuilt, long enough to be a text'));
  const member = { path: 'a', sizes: { published: 1, rebuilt: 1 }, explanation };
  const diffoscope = { kind: 'report', version: '240', text: 'x'.repeat(100_000), truncated: false } as const;
  return {
    published: NONE,
    rebuilt: NONE,
    rebuilds: [],
    explanation: { ...explanation, members: Array.from({ length: 50 }, () => member) },
    diffoscope,
  };
}

const parsed = (bytes: Uint8Array): Difference & { schemaVersion: number } => JSON.parse(new TextDecoder().decode(bytes)) as never;

test('a difference is one JSON object with everything in it where it fits', async () => {
  const whole = await difference();
  expect(parsed(differenceBlob(whole))).toEqual({ schemaVersion: 1, ...whole });
});

test('what does not fit goes, the longest form first, and class and causes stay', async () => {
  const whole = await difference();
  const forms = [];
  // Each time one byte less than what the form before took.
  for (let bytes = differenceBlob(whole); forms.length < 3; forms.push(parsed(bytes))) {
    const limit = bytes.length - 1;
    bytes = differenceBlob(whole, limit);
    expect(bytes.length).toBeLessThanOrEqual(limit);
  }
  const [noReport, causesOnly, noMembers] = forms;
  expect(noReport).toMatchObject({ diffoscope: null, explanation: { members: { length: 50 } } });
  expect(noReport!.explanation.members[0]!.explanation!.strings.publishedOnly).not.toEqual([]);
  expect(causesOnly!.explanation.members[0]!.explanation).toMatchObject({
    strings: { publishedOnly: [] },
    truncated: ['claims', 'parts', 'strings'],
  });
  expect(noMembers).toMatchObject({ explanation: { members: [], truncated: ['members'] } });
  for (const form of [noReport!, causesOnly!, noMembers!]) {
    expect(form.explanation.class).toBe(whole.explanation.class);
    expect(form.explanation.causes).toEqual(whole.explanation.causes);
  }
});

test('an explanation without members that does not fit is a mistake of ours', async () => {
  const whole = await difference();
  expect(() => differenceBlob(whole, 100)).toThrow('expected an explanation of at most 100 bytes');
});
