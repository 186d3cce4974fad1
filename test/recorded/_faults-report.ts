/** What `faults.ts` found, as JSON and as a page. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** One kind of call. */
export interface Row {
  readonly thread: string;
  readonly call: string;
  readonly path: string;
  /** How often which fault ended how. */
  readonly outcomes: Record<string, number>;
}

/** One service under one load. */
export interface Section {
  readonly service: string;
  readonly load: string;
  readonly date: string;
  readonly minutes: number;
  readonly calls: number;
  /** Calls that met their faults; fewer when the run was broken off. */
  readonly struck: number;
  readonly strikes: number;
  /** Faults whose call was not made again. */
  readonly notReached: readonly string[];
  readonly acknowledged: number;
  readonly failures: readonly string[];
  readonly rows: readonly Row[];
}

interface Report {
  readonly machine: string;
  readonly node: string;
  readonly sections: readonly Section[];
}

const JSON_FILE = new URL('faults.json', import.meta.url);
const PAGE = new URL('faults.md', import.meta.url);

/** Puts a section in the place of the one of this service and load. */
export function writeSection(section: Section): void {
  const before = existsSync(JSON_FILE) ? (JSON.parse(readFileSync(JSON_FILE, 'utf8')) as Report).sections : [];
  const sections = [...before.filter(({ service, load }) => service !== section.service || load !== section.load), section];
  sections.sort((a, b) => (`${a.service} ${a.load}` < `${b.service} ${b.load}` ? -1 : 1));
  const report: Report = { machine: 'x86-64, 2 cores, Linux, shared with other work', node: process.version, sections };
  writeFileSync(JSON_FILE, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(PAGE, pageOf(report));
}

function pageOf({ machine, node, sections }: Report): string {
  const sum = (count: (section: Section) => number): number => sections.reduce((total, section) => total + count(section), 0);
  const failures = sections.flatMap((section) => section.failures);
  const notReached = sections.flatMap((section) => section.notReached);
  const summary = sections.map(
    ({ service, load, calls, struck, strikes, acknowledged, minutes, date, ...rest }) =>
      `| ${service} | ${load} | ${calls} | ${struck} | ${strikes} | ${rest.notReached.length} | ${acknowledged} | ${rest.failures.length} | ${minutes} | ${date} |`,
  );
  const table = sections.flatMap(({ service, load, rows }) =>
    rows.map(({ thread, call, path, outcomes }) => {
      const said = Object.entries(outcomes).map(([what, times]) => `${what} ×${times}`);
      return `| ${service} | ${load} | ${thread} | ${call} | ${path} | ${said.join(', ')} |`;
    }),
  );
  return `${[
    '# Every file-system call of a service, failing',
    '',
    `Node ${node}, ${machine}; by \`node test/recorded/faults.ts\`.`,
    '',
    `${sum(({ struck }) => struck)} of ${sum(({ calls }) => calls)} calls, ${sum(({ strikes }) => strikes)} faults (${notReached.length} more did not come, as the call was not made again), **${failures.length} failures**. After each fault the service was restarted and held to its word:`,
    '',
    '- log: every entry that it ever acknowledged is there under its index, and every tile and the signed root are what follows from the entries;',
    '- rebuilder: each release is observed once and no more, what the log acknowledged keeps its index, no work folder stays behind;',
    '- witness: it knows the size that it cosigned, and cosigns no other history;',
    '- mirror: every entry that it cosigned is in its copy, which is sound.',
    '',
    'Loads: `entries` single submissions, `batch` many at once across the end of a bundle, `blob` an upload; `rebuild` one release from the log to the acknowledged observation; `cosign` one checkpoint; `upload` 256 entries;',
    '`stop` SIGTERM. Where fewer calls were struck than there are, the run was broken off; the first of each kind were struck first. "it went on" means that the call failed without a promise being broken: a blob refused with 503, a job tried again, a leftover that nobody reads, a lock that SQLite tried again.',
    '',
    '| service | load | calls | struck | faults | not come | acknowledged meanwhile | failures | minutes | date |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...summary,
    '',
    '| service | load | thread | call | path | outcomes |',
    '|---|---|---|---|---|---|',
    ...table,
    ...listOf('Failures', failures),
    ...listOf('Did not come', notReached),
  ].join('\n')}\n`;
}

function listOf(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : ['', `## ${title}`, '', ...items.map((item) => `- ${item}`)];
}
