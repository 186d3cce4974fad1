import { basename } from 'node:path';
import { BinaryError, identify, inferGoRecipes, readGoBuildId, readGoBuildInfo } from '@verbatim/binaries';
import type { RecipeCandidate, RecipeHints } from '@verbatim/binaries';
import { describeError } from './errors.ts';
import { readWhole } from './files.ts';
import { printable } from './io.ts';
import type { Io } from './io.ts';
import { readMembersOf } from './verify/members.ts';

export interface InferOptions {
  readonly json?: boolean;
  readonly module?: string;
  readonly moduleVersion?: string;
  readonly h1?: string;
  readonly package?: string;
  readonly ldflags?: string;
}

/** One program of the file: the file itself, or a member of a package. */
interface Program {
  readonly member: string | null;
  readonly bytes: Uint8Array;
}

interface Inferred {
  readonly member: string | null;
  readonly identity: ReturnType<typeof identify>;
  readonly goVersion: string | null;
  readonly buildId: string | null;
  readonly candidates: readonly RecipeCandidate[];
  /** Why there is no candidate; null when there is one. */
  readonly problem: string | null;
}

/** `verbatim recipe infer`: 0 when at least one recipe was proposed, 2 when none was. */
export async function inferFile(file: string, options: InferOptions, io: Io): Promise<number> {
  const bytes = readWhole(file);
  const programs = await programsOf(file, bytes);
  const purl = npmPurl(programs.manifest);
  const hints: RecipeHints = {
    ...pick('module', options.module),
    ...pick('version', options.moduleVersion ?? (purl === null ? undefined : `v${purl.version}`)),
    ...pick('h1', options.h1),
    ...pick('package', options.package),
    ...pick('ldflags', options.ldflags),
  };
  const inferred = programs.found.map((program) => inferOne(program, file, hints, purl));
  const proposed = inferred.some(({ candidates }) => candidates.length > 0);
  if (options.json) io.out(`${JSON.stringify({ file, purl: purl?.text ?? null, programs: inferred }, null, 2)}\n`);
  else io.out(inferred.map((one) => describe(one, file, purl?.text ?? null)).join('\n') || `no program was found in ${printable(file)}\n`);
  return proposed ? 0 : 2;
}

function inferOne({ member, bytes }: Program, file: string, hints: RecipeHints, purl: NpmPurl | null): Inferred {
  const identity = identify(bytes);
  const buildId = readGoBuildId(bytes);
  try {
    const info = readGoBuildInfo(bytes);
    const candidates = inferGoRecipes(bytes, { artifact: artifactName(member, file, purl), ...hints });
    const problem = candidates.length > 0 ? null : identity.format === null ? 'it is no program that is read here' : 'it is no Go program';
    return {
      member,
      identity,
      goVersion: info?.goVersion ?? candidates[0]?.recipe.toolchain.version ?? null,
      buildId,
      candidates,
      problem,
    };
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
    return { member, identity, goVersion: null, buildId, candidates: [], problem: describeError(error) };
  }
}

/** `linux-x64/bin/esbuild` for `package/bin/esbuild` of `@esbuild/linux-x64`: what the registry calls the package, then the path in it. */
function artifactName(member: string | null, file: string, purl: NpmPurl | null): string {
  if (member === null) return basename(file);
  const inside = member.startsWith('package/') ? member.slice('package/'.length) : member;
  return purl === null ? inside : `${purl.name.split('/').at(-1)!}/${inside}`;
}

/** The file itself, or every executable in the package that it is. */
async function programsOf(file: string, bytes: Uint8Array): Promise<{ found: Program[]; manifest: Uint8Array | null }> {
  const archive = (bytes[0] === 0x1f && bytes[1] === 0x8b) || (bytes[0] === 0x50 && bytes[1] === 0x4b);
  if (!archive) return { found: [{ member: null, bytes }], manifest: null };
  const members = await readMembersOf(file, bytes, () => true);
  const files = members.flatMap(({ path, bytes: content }) => (content === null ? [] : [{ member: path, bytes: content }]));
  return {
    found: files.filter((member) => identify(member.bytes).format !== null),
    manifest: files.find(({ member }) => member === 'package/package.json')?.bytes ?? null,
  };
}

interface NpmPurl {
  readonly name: string;
  readonly version: string;
  readonly text: string;
}

/** Name and version as the package's own manifest says them: hints, nothing more. */
function npmPurl(manifest: Uint8Array | null): NpmPurl | null {
  if (manifest === null) return null;
  try {
    const { name, version } = JSON.parse(new TextDecoder().decode(manifest)) as { name?: unknown; version?: unknown };
    if (typeof name !== 'string' || typeof version !== 'string') return null;
    if (!/^(@[a-z0-9._~-]+\/)?[a-z0-9._~-]+$/.test(name) || !/^[0-9A-Za-z.+-]+$/.test(version)) return null;
    return { name, version, text: `pkg:npm/${name.replace('@', '%40')}@${version}` };
  } catch {
    return null;
  }
}

function describe({ member, identity, goVersion, buildId, candidates, problem }: Inferred, file: string, purl: string | null): string {
  const { format, os, arch } = identity;
  const lines = [
    `${printable(member ?? file)}: ${problem ?? `${candidates.length === 1 ? 'one recipe' : `${candidates.length} recipes, best first`}`}`,
    `  ${format ?? 'unknown format'}${os === null ? '' : ` for ${os}/${arch ?? 'several architectures'}`}${goVersion === null ? '' : `, ${printable(goVersion)}`}`,
  ];
  if (purl !== null) lines.push(`  published as ${purl}`);
  if (buildId !== null) lines.push(`  build id ${printable(buildId)}`);
  for (const [i, { recipe, missing, notes }] of candidates.entries()) {
    lines.push(
      '',
      `  recipe ${i + 1}`,
      ...JSON.stringify(recipe, null, 2)
        .split('\n')
        .map((line) => `    ${printable(line)}`),
    );
    if (missing.length > 0) lines.push(`  missing: ${missing.join(', ')}`);
    if (i === 0) lines.push(...notes.map((note) => `  note: ${printable(note)}`));
  }
  return `${lines.join('\n')}\n`;
}

function pick<K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: string });
}
