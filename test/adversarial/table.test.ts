import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { GO, RUST } from './attacks.ts';
import { HISTORIES, NETWORKS, PUBLISHERS, REBUILDERS, WITNESSES } from './log-attacks.ts';
import { PAGES, withTables } from './table.ts';

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');

test.each(PAGES)('the page $name says what the tests do (else: node test/adversarial/table.ts)', (page) => {
  const text = readFileSync(page.url, 'utf8');
  expect(withTables(text, page)).toBe(text);
});

test('every attack of the crate and every Go source is in a table', () => {
  const inCrate = [...read('rust/attacks/mod.rs').matchAll(/^ {8}"([a-z-]+)" => /gm)].map((match) => match[1]);
  expect(inCrate.sort()).toEqual(RUST.map(({ name }) => name).sort());
  const sources = readdirSync(new URL('go', import.meta.url)).filter((name) => name !== 'hello');
  expect(sources.sort()).toEqual(GO.map(({ name }) => name).sort());
});

test('every attack by name is compared with its row, once, in the test that the row names', () => {
  const named = [...HISTORIES, ...REBUILDERS, ...PUBLISHERS, ...WITNESSES, ...NETWORKS];
  for (const file of new Set(named.map((row) => row.test))) {
    const compared = [...read(file).matchAll(/reportOf\('([a-z-]+)'\)/g)].map((match) => match[1]);
    const rows = named.filter((row) => row.test === file).map(({ name }) => name);
    expect(compared.sort(), file).toEqual(rows.sort());
  }
});
