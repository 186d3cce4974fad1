/**
 * The tables of docs/explanation/hostile-builds.md, from the data that the tests run.
 *
 *   node test/adversarial/table.ts    writes them into the page
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { GO, RUST, SOURCES, type Attack } from './attacks.ts';

export const PAGE = new URL('../../docs/explanation/hostile-builds.md', import.meta.url);

const TABLES: Readonly<Record<string, { readonly attacks: readonly Attack[]; readonly test: string }>> = {
  rust: { attacks: RUST, test: 'rust.test.ts' },
  go: { attacks: GO, test: 'go.test.ts' },
  sources: { attacks: SOURCES, test: 'sources.test.ts' },
};

function table({ attacks, test }: (typeof TABLES)[string]): string {
  const rows = attacks.map(
    ({ name, tries, contained, reported }) => `| ${name} | ${tries} | ${contained} | \`${reported}\` | \`${test}\` |`,
  );
  return ['| attack | tries | contained by | reported as | tested in |', '|---|---|---|---|---|', ...rows].join('\n');
}

/** The page's text with every table between its marks replaced. Throws when a mark is missing. */
export function withTables(page: string): string {
  let text = page;
  for (const [name, content] of Object.entries(TABLES)) {
    const [begin, end] = [`<!-- begin ${name} -->\n`, `\n<!-- end ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from === -1 || to === -1) throw new Error(`expected "${begin.trim()}" and "${end.trim()}" in the page`);
    text = `${text.slice(0, from + begin.length)}\n${table(content)}\n${text.slice(to)}`;
  }
  return text;
}

if (import.meta.main) writeFileSync(PAGE, withTables(readFileSync(PAGE, 'utf8')));
