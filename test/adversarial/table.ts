/**
 * The tables of docs/explanation/hostile-builds.md and hostile-logs.md, from the data that the tests run.
 *
 *   node test/adversarial/table.ts    writes them into the pages
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { GO, RUST, SOURCES, type Attack } from './attacks.ts';
import { HISTORIES, NETWORKS, PUBLISHERS, REBUILDERS, SERVED, WITNESSES } from './log-attacks.ts';

interface Row extends Attack {
  /** The file whose test it is. */
  readonly test: string;
}

export interface Page {
  readonly name: string;
  readonly url: URL;
  /** By the name between the marks. */
  readonly tables: Readonly<Record<string, readonly Row[]>>;
}

const inFile = (test: string, attacks: readonly Attack[]): Row[] => attacks.map((attack) => ({ ...attack, test }));
const page = (name: string, tables: Page['tables']): Page => ({
  name,
  url: new URL(`../../docs/explanation/${name}`, import.meta.url),
  tables,
});

export const PAGES: readonly Page[] = [
  page('hostile-builds.md', {
    rust: inFile('rust.test.ts', RUST),
    go: inFile('go.test.ts', GO),
    sources: inFile('sources.test.ts', SOURCES),
  }),
  page('hostile-logs.md', {
    served: inFile('log.test.ts', SERVED),
    histories: HISTORIES,
    rebuilders: REBUILDERS,
    publishers: PUBLISHERS,
    witnesses: WITNESSES,
    networks: NETWORKS,
  }),
];

function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ name, tries, contained, reported, test }) => `| ${name} | ${tries} | ${contained} | \`${reported}\` | \`${test}\` |`,
  );
  return ['| attack | tries | contained by | reported as | tested in |', '|---|---|---|---|---|', ...lines].join('\n');
}

/** The page's text with every table between its marks replaced. Throws when a mark is missing. */
export function withTables(before: string, { tables }: Page): string {
  let text = before;
  for (const [name, rows] of Object.entries(tables)) {
    const [begin, end] = [`<!-- begin ${name} -->\n`, `\n<!-- end ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from === -1 || to === -1) throw new Error(`expected "${begin.trim()}" and "${end.trim()}" in the page`);
    text = `${text.slice(0, from + begin.length)}\n${table(rows)}\n${text.slice(to)}`;
  }
  return text;
}

if (import.meta.main) for (const each of PAGES) writeFileSync(each.url, withTables(readFileSync(each.url, 'utf8'), each));
