/** What `releases.ts` found, and the table of it. */

export interface Observation {
  readonly artifact: string;
  readonly attempt: number;
  readonly result: string;
  readonly reason: string | null;
  readonly host: string;
  /** From the job's start to its end: fetching, receiving and building. */
  readonly seconds: number;
  readonly build: { readonly wallSeconds: number; readonly cpuSeconds: number; readonly peakMebibytes: number | null } | null;
  readonly toolchain: readonly { readonly name: string; readonly version: string; readonly host: string; readonly digest: string }[];
  readonly vcs: { readonly provenance: string; readonly confirmed?: readonly string[] } | null;
  readonly digests: { readonly claimed: string | null; readonly observed: string | null; readonly h1?: string | null };
}

export interface FileResult {
  readonly name: string;
  readonly sha256: string;
  readonly verdict: string;
  readonly exitCode: number;
}

export interface ReleaseResult {
  readonly name: string;
  readonly purl: string;
  readonly observations: readonly Observation[];
  readonly files: readonly FileResult[];
  readonly caches: { readonly mebibytes: Readonly<Record<string, number>> };
}

export interface Results {
  readonly machine: string;
  readonly date: string;
  readonly releases: readonly ReleaseResult[];
}

const HEAD = [
  'release',
  'artifact',
  'host',
  'attempt',
  'result',
  'verdict',
  'whole job',
  'build: wall',
  'CPU',
  'peak memory',
  'built with',
  'stamp',
];

function rows({ purl, observations, files }: ReleaseResult): string[][] {
  return observations.map(({ artifact, host, attempt, result, reason, seconds, build, toolchain, vcs }) => [
    purl,
    artifact,
    host,
    String(attempt),
    reason === null ? result : `${result} (${reason})`,
    files.find(({ name }) => name === artifact)?.verdict ?? '',
    `${seconds} s`,
    build === null ? '' : `${build.wallSeconds} s`,
    build === null ? '' : `${build.cpuSeconds} s`,
    build === null || build.peakMebibytes === null ? '' : `${build.peakMebibytes} MiB`,
    toolchain.map(({ name, version }) => `${name} ${version}`).join(', '),
    vcs === null ? 'none' : vcs.confirmed === undefined ? 'adopted' : `confirmed: ${vcs.confirmed.join(', ')}`,
  ]);
}

/** Programs that were verified as a package installs them, without the package. */
function installed({ observations, files }: ReleaseResult): string[] {
  const artifacts = new Set(observations.map(({ artifact }) => artifact));
  return files.flatMap(({ name, verdict }) =>
    artifacts.has(name) ? [] : [`\nExtracted from a package, and verified without it: \`${name}\`, ${verdict}.\n`],
  );
}

/**
 * @param command what wrote the results
 * @param known names of all releases that there are recipes of; null when only a few are meant to be run
 */
export function table({ machine, date, releases }: Results, command: string, known: readonly string[] | null): string {
  const notRun = known?.filter((each) => !releases.some(({ name }) => name === each));
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return `# Real releases, rebuilt by the product

Written by \`${command}\`; last run ${date} on a machine with ${machine}.
*whole job*: receiving the published file, fetching and checking the inputs, building. Everything was cold but for what an earlier release or attempt had left in the node's cache.

${line(HEAD)}
${line(HEAD.map(() => '---'))}
${releases.flatMap(rows).map(line).join('\n')}
${releases.flatMap(installed).join('')}
${notRun === undefined ? '' : `Not run: ${notRun.length === 0 ? 'none' : notRun.join(', ')}.\n\n`}Held by the cache after the last one, in MiB: ${Object.entries(
    releases.at(-1)?.caches.mebibytes ?? {},
  )
    .map(([name, size]) => `${name} ${size}`)
    .join(', ')}.
`;
}
