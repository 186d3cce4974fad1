/**
 * Every single file-system call of each service under load, met by SIGKILL, EIO and, where it may need room, ENOSPC; after each the service is
 * restarted and held to everything that it ever acknowledged (test/faults/_matrix.ts). Some two thousand restarts, so it is no part of
 * `npm test`, which does one call of each kind.
 *
 * node test/recorded/faults.ts [--services log,rebuilder,witness,mirror] [--loads entries,stop] [--lanes 2] [--minutes 60]
 *
 * Writes faults.json and faults.md beside this file; what they say of services and loads that are left out stays. With `--minutes` a load is broken off
 * after so many, and what was left out is counted; the first call of each kind comes first. Exit code 1 when anything that was acknowledged is
 * missing, or a service does not come back.
 */
import { parseArgs } from 'node:util';
import { LogSubject } from '../faults/_log-subject.ts';
import { describe, distinct, faultsOf, type Hit, NotReachedError, type Site, sitesOf, strike, type Subject } from '../faults/_matrix.ts';
import { MirrorSubject } from '../faults/_mirror-subject.ts';
import { RebuilderSubject } from '../faults/_rebuilder-subject.ts';
import { removeTraces } from '../faults/_strace.ts';
import { WitnessSubject } from '../faults/_witness-subject.ts';
import { type Row, type Section, writeSection } from './_faults-report.ts';

const SERVICES: Readonly<Record<string, () => Promise<Subject>>> = {
  log: () => LogSubject.start(),
  rebuilder: () => RebuilderSubject.start(),
  witness: () => WitnessSubject.start(),
  mirror: () => MirrorSubject.start(),
};
/** Calls struck on one instance: a log that grows takes longer and longer to check. */
const CALLS_AN_INSTANCE = 24;

const { values } = parseArgs({
  options: {
    services: { type: 'string', default: Object.keys(SERVICES).join(',') },
    loads: { type: 'string' },
    lanes: { type: 'string', default: '2' },
    minutes: { type: 'string', default: 'Infinity' },
  },
});

/** Strikes all faults at every call of one load, on several instances side by side. */
async function strikeAll(service: string, load: string): Promise<Section> {
  const started = performance.now();
  const rows = new Map<string, Row>();
  const failures: string[] = [];
  const notReached: string[] = [];
  let [strikes, acknowledged, struck] = [0, 0, 0];
  const end = started + Number(values.minutes) * 60_000;
  let sites: Site[];
  {
    await using subject = await SERVICES[service]!();
    const found = await sitesOf(subject, load);
    const first = new Set(distinct(found));
    sites = [...first, ...found.filter((site) => !first.has(site))];
  }
  const groups = Array.from({ length: Math.ceil(sites.length / CALLS_AN_INSTANCE) }, (_, group) =>
    sites.slice(group * CALLS_AN_INSTANCE, (group + 1) * CALLS_AN_INSTANCE),
  );
  const lane = async (): Promise<void> => {
    for (let group = groups.shift(); group !== undefined && performance.now() < end; group = groups.shift()) {
      await using subject = await SERVICES[service]!();
      // Its own paths.
      const own = await sitesOf(subject, load);
      for (const wanted of group) {
        if (performance.now() > end) break;
        struck += 1;
        // Where the load came out a call or two shorter this time, it is done again until the call comes.
        const { path } = own.find(({ kind, thread }) => kind === wanted.kind && thread === wanted.thread) ?? wanted;
        for (const fault of faultsOf(wanted)) {
          try {
            count(rows, await strike(subject, { ...wanted, path }, fault, true));
            strikes += 1;
          } catch (error) {
            const at = `${service}: ${fault} at ${describe(wanted)}`;
            if (error instanceof NotReachedError) {
              notReached.push(at);
              continue;
            }
            failures.push(`${at}: ${error instanceof Error ? error.message : String(error)}`);
            console.error(failures.at(-1));
            await subject.recover(true).catch(() => {});
          }
        }
        console.error(`${strikes} strikes, ${service}: ${describe(wanted)}`);
      }
      acknowledged += subject.acknowledged;
    }
  };
  await Promise.all(Array.from({ length: Number(values.lanes) }, lane));
  const minutes = Math.round((performance.now() - started) / 60_000);
  return {
    service,
    load,
    date: new Date().toISOString().slice(0, 10),
    minutes,
    calls: sites.length,
    struck,
    strikes,
    notReached,
    acknowledged,
    failures,
    rows: [...rows.values()],
  };
}

function count(rows: Map<string, Row>, { site: { thread, name, kind }, fault, outcome }: Hit): void {
  const key = `${thread} ${name} ${kind}`;
  const row = rows.get(key) ?? { thread, call: name, path: kind, outcomes: {} };
  const what = `${fault}: ${outcome.replace(/^\w+ ended with/, 'ended with')}`;
  row.outcomes[what] = (row.outcomes[what] ?? 0) + 1;
  rows.set(key, row);
}

for (const service of values.services.split(',')) {
  let loads: readonly string[];
  {
    await using subject = await SERVICES[service]!();
    ({ loads } = subject);
  }
  for (const load of values.loads?.split(',') ?? loads) {
    const section = await strikeAll(service, load);
    if (section.failures.length > 0) process.exitCode = 1;
    // After each, so that a run that is broken off has shown something.
    writeSection(section);
  }
}
removeTraces();
