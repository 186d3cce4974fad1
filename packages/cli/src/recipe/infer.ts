import { BinaryError, identify, inferGoRecipes, readGoBuildId, readGoBuildInfo } from '@verbatim/binaries';
import type { RecipeCandidate, RecipeHints } from '@verbatim/binaries';
import { describeError } from '../errors.ts';
import { readWhole } from '../files.ts';
import { printable } from '../io.ts';
import type { Io } from '../io.ts';
import { hintsOf, type HintOptions } from './hints.ts';
import { programsOf, type Program } from './programs.ts';

export interface InferOptions extends HintOptions {
  readonly json?: boolean;
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
  const { found, of } = await programsOf(file, bytes);
  const hints = hintsOf(options, of);
  const inferred = found.map((program) => inferOne(program, hints));
  const proposed = inferred.some(({ candidates }) => candidates.length > 0);
  if (options.json) io.out(`${JSON.stringify({ file, purl: of?.purl ?? null, programs: inferred }, null, 2)}\n`);
  else io.out(inferred.map((one) => describe(one, file, of?.purl ?? null)).join('\n') || `no program was found in ${printable(file)}\n`);
  return proposed ? 0 : 2;
}

function inferOne({ member, artifact, bytes }: Program, hints: RecipeHints): Inferred {
  const identity = identify(bytes);
  const buildId = readGoBuildId(bytes);
  try {
    const info = readGoBuildInfo(bytes);
    const candidates = inferGoRecipes(bytes, { artifact, ...hints });
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
