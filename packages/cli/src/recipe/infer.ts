import { join } from 'node:path';
import { identify, readGoBuildId, readGoBuildInfo, type Identity } from '@verbatim/binaries';
import { readWhole } from '../files.ts';
import { cacheFolder } from '../folders.ts';
import type { Io } from '../io.ts';
import { CliError } from '../errors.ts';
import { completeRecipes, type Origins } from './complete.ts';
import { GoSources, type LookUp } from './go-source.ts';
import { draftRecipes, type Drafted } from './drafts.ts';
import type { HintOptions } from './hints.ts';
import { describeInferred } from './infer-text.ts';
import { programsOf, type Program } from './programs.ts';

export interface InferOptions extends HintOptions {
  readonly lookUp?: boolean;
  readonly cache?: string;
  readonly json?: boolean;
}

/** What one program says, and what comes of it. */
export interface Inferred extends Drafted {
  readonly member: string | null;
  readonly identity: Identity;
  readonly goVersion: string | null;
  readonly buildId: string | null;
}

/** `verbatim recipe infer`: 0 when at least one recipe was proposed, 2 when none was. */
export async function inferFile(file: string, options: InferOptions, io: Io): Promise<number> {
  const bytes = readWhole(file);
  const { found, of, sbom } = await programsOf(file, bytes);
  const origins = { file, of, sbom };
  const lookUp = options.lookUp ? lookUpOf(options, io) : null;
  const inferred: Inferred[] = [];
  for (const program of found) {
    const drafted = lookUp === null ? draftRecipes(program, options, origins) : await lookedUp(program, options, { ...lookUp, ...origins });
    inferred.push({ member: program.member, ...factsOf(program), ...drafted });
  }
  if (options.json) io.out(`${JSON.stringify({ file, purl: of?.purl ?? null, programs: inferred }, null, 2)}\n`);
  else io.out(describeInferred(file, of?.purl ?? null, inferred));
  return inferred.some(({ candidates }) => candidates.length > 0) ? 0 : 2;
}

function lookUpOf({ cache }: InferOptions, io: Io): LookUp & Pick<Origins, 'sources'> {
  const folder = cache ?? cacheFolder(io.env);
  if (folder === null) throw new CliError('usage', 'expected a home folder for downloads, found none: name a folder with --cache');
  const lookUp = { cacheDir: join(folder, 'rebuild'), environment: io.env };
  return { ...lookUp, sources: new GoSources(lookUp) };
}

async function lookedUp(program: Program, options: InferOptions, origins: Origins): Promise<Drafted> {
  const { candidates, problems } = await completeRecipes(program, options, origins);
  return {
    candidates: candidates.map((candidate) => ({ ...candidate, missing: [] })),
    problem: candidates.length > 0 ? null : problems.join('; ') || 'it is no Go or Rust program',
  };
}

function factsOf({ bytes }: Program): Pick<Inferred, 'identity' | 'goVersion' | 'buildId'> {
  let goVersion: string | null = null;
  try {
    goVersion = readGoBuildInfo(bytes)?.goVersion ?? null;
  } catch {
    // What is wrong with it is said by whoever proposes recipes.
  }
  return { identity: identify(bytes), goVersion, buildId: readGoBuildId(bytes) };
}
