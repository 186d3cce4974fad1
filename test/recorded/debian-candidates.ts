/**
 * Which Go and Rust programs of a Debian suite could come out as published from what the suite has now: those whose libraries and compiler, as
 * the package itself lists them (X-Cargo-Built-Using, Static-Built-Using, Built-Using), are all still the ones of the suite. Binary packages
 * decide: a suite's list of sources keeps old versions. Reads apt's lists, and asks for no package by itself.
 *
 * node test/recorded/debian-candidates.ts [--cache FOLDER] [--architecture amd64] SUITE[,SUITE…]…
 *
 * Prints, for each argument, how many packages list what they were built with, and those of which nothing has moved.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Apt } from '@verbatim/builder';

interface Stanza {
  readonly name: string;
  readonly version: string;
  /** `NAME VERSION` of the source package. */
  readonly source: string;
  /** The same of what went into it. */
  readonly built: readonly string[];
}

const MIB = 1024 ** 2;
const LISTS = /^(?:X-Cargo-Built-Using|Static-Built-Using|Built-Using): (.*)$/gm;
/** Go's and Rust's own packages among them: others list fonts, boot loaders, emulators. */
const COMPILER = /^(?:golang-1\.\d+|rustc) /;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { cache: { type: 'string' }, architecture: { type: 'string', default: 'amd64' } },
});
const cacheDir = values.cache ?? mkdtempSync(join(tmpdir(), 'verbatim-debian-'));

function stanzaOf(text: string): Stanza | null {
  const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1];
  const [name, version] = [field('Package'), field('Version')];
  if (name === undefined || version === undefined) return null;
  const [, source = name, sourceVersion = version] = /^(\S+)(?: \(([^)]+)\))?$/.exec(field('Source') ?? name)!;
  const built = [...text.matchAll(LISTS)].flatMap(([, list]) => [...list!.matchAll(/([a-z0-9][a-z0-9+.-]+) \(= ([^)]+)\)/g)]);
  return { name, version, source: `${source} ${sourceVersion}`, built: [...new Set(built.map(([, each, its]) => `${each} ${its}`))] };
}

async function report(suites: readonly string[]): Promise<void> {
  const apt = await Apt.open({ suites, architecture: values.architecture, cacheDir, timeout: 600_000 });
  if ('kind' in apt) throw new Error(`${apt.reason}: ${apt.detail}`);
  const { stdout, code, ended } = await apt.run(['apt-cache', 'dumpavail'], '/', 1024 * MIB);
  if (code !== 0) throw new Error(`apt-cache dumpavail: ${ended} ${code}`);
  const stanzas = stdout.split('\n\n').flatMap((text) => stanzaOf(text) ?? []);
  const current = new Set(stanzas.map(({ source }) => source));
  const programs = stanzas.filter(({ name, built }) => !/^(?:lib|golang-)/.test(name) && built.some((each) => COMPILER.test(each)));
  const unmoved = programs.filter(({ built }) => built.every((each) => current.has(each)));
  console.log(`${suites.join(', ')} ${values.architecture}: ${unmoved.length} of ${programs.length} programs`);
  for (const { name, version, source, built } of unmoved) {
    console.log(`  ${name} ${version} (source ${source}, ${built.find((each) => COMPILER.test(each))}, ${built.length} listed)`);
  }
}

try {
  for (const argument of positionals) await report(argument.split(','));
} finally {
  if (values.cache === undefined) rmSync(cacheDir, { recursive: true, force: true });
}
