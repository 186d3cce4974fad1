import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { GO, RUST } from './attacks.ts';
import { PAGE, withTables } from './table.ts';

test('the page says what the tests do (else: node test/adversarial/table.ts)', () => {
  const page = readFileSync(PAGE, 'utf8');
  expect(withTables(page)).toBe(page);
});

test('every attack of the crate and every Go source is in a table', () => {
  const dispatch = readFileSync(new URL('rust/attacks/mod.rs', import.meta.url), 'utf8');
  const inCrate = [...dispatch.matchAll(/^ {8}"([a-z-]+)" => /gm)].map((match) => match[1]);
  expect(inCrate.sort()).toEqual(RUST.map(({ name }) => name).sort());
  const sources = readdirSync(new URL('go', import.meta.url)).filter((name) => name !== 'hello');
  expect(sources.sort()).toEqual(GO.map(({ name }) => name).sort());
});
