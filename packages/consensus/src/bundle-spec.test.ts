/** The example of docs/spec/bundle.md is a bundle, and says what the page says. */
import { anEnrolment } from '@verbatim/testkit';
import { utf8Decode, utf8Encode } from '@verbatim/tlog';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { judge } from './_judging.ts';
import { digest, key, World } from './_world.ts';
import { decodeBundle, encodeBundle, MAX_BUNDLE_BYTES, MAX_BUNDLE_ENTRIES, MAX_BUNDLE_LOOKUPS } from './bundle.ts';
import { MAX_ENTRIES_BYTES, MAX_PAYLOAD_DEPTH } from './bundle-entry.ts';
import { Repeats } from './bundle-repeats.ts';

const text = readFileSync(join(import.meta.dirname, '../../../docs/spec/bundle.md'), 'utf8');
const [, example] = /^```bundle\n(.*)\n```$/m.exec(text)!;
const FILE = digest('nobody claims this');

test('the example is what shows that nobody claims a file', () => {
  const decoded = decodeBundle(utf8Encode(example!));
  expect(decoded.entries.map(({ index }) => index)).toEqual([0n, 2n]);
  expect(judge(decoded, {}, { file: { sha256: FILE } })).toMatchObject({ verdict: 'unknown-file', completeness: 'complete-by-root' });
  const world = new World();
  world.log.addStatement(anEnrolment(key('acme-1')), key('test-admin'));
  const { entries, index, ...rest } = world.evidence({ about: { file: { sha256: FILE } } });
  const needed = { ...rest, index, entries: entries.filter((entry) => entry.index !== 1n) };
  expect(utf8Decode(encodeBundle(needed))).toBe(example);
});

test('observations leave out what the page says', () => {
  const [, lines] = /^```repeats\n([^`]*)\n```$/m.exec(text)!;
  const values = lines!.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  const [writing, reading] = [new Repeats(), new Repeats()];
  const [whole, shortened] = [0, 1].map((half) => values.filter((_, i) => i % 2 === half));
  expect(whole).toHaveLength(3);
  expect(whole!.map((each) => writing.shorten(each))).toEqual(shortened);
  expect(shortened!.map((each) => reading.restore(each))).toEqual(whole);
});

test('the limits on the page are those of the code', () => {
  for (const limit of [MAX_BUNDLE_BYTES, MAX_BUNDLE_ENTRIES, MAX_BUNDLE_LOOKUPS, MAX_ENTRIES_BYTES, MAX_PAYLOAD_DEPTH]) {
    expect(text).toContain(`| ${limit.toLocaleString('en-US')} |`);
  }
});
