/**
 * Every single file-system call of a log under load, each met by SIGKILL, EIO and, where it may need room, ENOSPC; after each the log is
 * restarted and held to everything that it ever acknowledged (test/faults/_matrix.ts). A quarter of an hour on a quiet machine, so it is no part of
 * `npm test`, which does one call of each kind.
 *
 * node test/recorded/faults.ts [--loads entries,batch,blob,stop] [--without fcntl,pread64]
 *
 * Writes faults.json and faults.md beside this file. Exit code 1 when anything that was acknowledged is missing, or a log does not come back.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describe, faultsOf, type Hit, type Load, Matrix, NotReachedError, type Site } from '../faults/_matrix.ts';
import { removeTraces } from '../faults/_strace.ts';

const LOADS: readonly Load[] = ['entries', 'batch', 'blob', 'stop'];

const { values } = parseArgs({
  options: { loads: { type: 'string', default: LOADS.join(',') }, without: { type: 'string', default: '' } },
});
const loads = LOADS.filter((load) => values.loads.split(',').includes(load));
const without = new Set(values.without.split(','));

interface Row {
  readonly load: Load;
  readonly thread: string;
  readonly call: string;
  readonly path: string;
  readonly outcomes: Record<string, number>;
}

const rows = new Map<string, Row>();
const failures: string[] = [];
let strikes = 0;
let notReached = 0;

function count({ site: { load, thread, name, kind }, fault, outcome }: Hit): void {
  const key = `${load} ${thread} ${name} ${kind}`;
  const row = rows.get(key) ?? { load, thread, call: name, path: kind, outcomes: {} };
  const what = `${fault}: ${outcome.replace('log ended with', 'ended with')}`;
  row.outcomes[what] = (row.outcomes[what] ?? 0) + 1;
  rows.set(key, row);
}

async function strikeAll(matrix: Matrix, sites: readonly Site[]): Promise<void> {
  for (const site of sites) {
    if (without.has(site.name)) continue;
    for (const fault of faultsOf(site)) {
      try {
        count(await matrix.strike(site, fault, true));
        strikes += 1;
      } catch (error) {
        if (error instanceof NotReachedError) {
          notReached += 1;
          continue;
        }
        failures.push(`${fault} at ${describe(site)}: ${error instanceof Error ? error.message : String(error)}`);
        console.error(failures.at(-1));
        await matrix.log.restart().catch(() => {});
      }
    }
    console.error(`${strikes} strikes, ${describe(site)}`);
  }
}

const started = performance.now();
const done: Load[] = [];
let acknowledged = 0;

/** After each load, so that a run that is broken off has shown something. */
function report(): void {
  const result = {
    date: new Date().toISOString().slice(0, 10),
    machine: 'x86-64, 2 cores, Linux, shared with other work',
    node: process.version,
    loads: done,
    without: [...without].filter((name) => name !== ''),
    minutes: Math.round((performance.now() - started) / 60_000),
    strikes,
    notReached,
    acknowledged,
    failures,
    rows: [...rows.values()],
  };
  writeFileSync(new URL('faults.json', import.meta.url), `${JSON.stringify(result, null, 2)}\n`);

  const table = result.rows.map(({ load, thread, call, path, outcomes }) => {
    const said = Object.entries(outcomes).map(([what, times]) => `${what} ×${times}`);
    return `| ${load} | ${thread} | ${call} | ${path} | ${said.join(', ')} |`;
  });
  writeFileSync(
    new URL('faults.md', import.meta.url),
    [
      '# Every file-system call of a log, failing',
      '',
      `${result.date}, Node ${result.node}, ${result.machine}; by \`node test/recorded/faults.ts --loads ${done.join(',')}${values.without === '' ? '' : ` --without ${values.without}`}\` in ${result.minutes} minutes.`,
      '',
      `${strikes} faults (${notReached} more did not come, as the call was not made again), ${acknowledged} entries acknowledged meanwhile, **${failures.length} failures**. After each fault the log was restarted; every entry that it had ever acknowledged was there under its index, and every`,
      'tile and the signed root were what follows from the entries.',
      '',
      'Loads: `entries` single submissions, `batch` 256 at once across a full tile, `blob` an upload, `stop` SIGTERM. "it went on" means that the call failed without a promise being broken: a blob refused with 503, a',
      'leftover that nobody reads, a lock that SQLite tried again.',
      '',
      '| load | thread | call | path | outcomes |',
      '|---|---|---|---|---|',
      ...table,
      ...(failures.length === 0 ? [] : ['', '## Failures', '', ...failures.map((failure) => `- ${failure}`)]),
      '',
    ].join('\n'),
  );
}

for (const load of loads) {
  await using matrix = await Matrix.start();
  await strikeAll(matrix, await matrix.sites(load));
  await matrix.check();
  acknowledged += matrix.acknowledged;
  done.push(load);
  report();
}
removeTraces();
process.exitCode = failures.length === 0 ? 0 : 1;
