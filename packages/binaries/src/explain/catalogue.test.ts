import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { WRAPPER_SUBJECTS } from '../archives/wrapper-causes.ts';
import { CATALOGUE, fill } from './causes.ts';

const PAGE = readFileSync(new URL('../../../../docs/explanation/differences.md', import.meta.url), 'utf8');

/** A table of the page, as the code says it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

test('the page lists every cause with its meaning and advice, as they are printed', () => {
  const rows = Object.entries(CATALOGUE).map(([code, { summary, advice }]) => [`\`${code}\``, fill(summary, null), fill(advice, null)]);
  expect(PAGE).toContain(table(['cause', 'what it means', 'what to set or change'], rows));
});

test('the page lists every property of packing', () => {
  const rows = Object.entries(WRAPPER_SUBJECTS).map(([subject, { what, advice }]) => [`\`${subject}\``, what, advice]);
  expect(PAGE).toContain(table(['subject', 'what differs', 'how to keep it from differing'], rows));
});
