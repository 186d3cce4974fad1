import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { inferGoRecipes } from '@verbatim/binaries';
import { encodeRecipe, recipeOutputs, type Recipe } from '@verbatim/statements';
import { CliError } from '../errors.ts';
import { readWhole } from '../files.ts';
import { cacheFolder } from '../folders.ts';
import { printable } from '../io.ts';
import type { Io } from '../io.ts';
import { completeDrafts, type Completed } from '../recipe/complete.ts';
import { hintsOf, type HintOptions } from '../recipe/hints.ts';
import { programsOf, type Program, type Programs } from '../recipe/programs.ts';
import { readRecipe } from '../recipe/read-recipe.ts';
import { toJson } from './json.ts';
import { Machine } from './machine.ts';
import { EXIT, type Result } from './result.ts';
import { search, type Attempt } from './search.ts';
import { toText } from './text.ts';

export interface RebuildOptions extends HintOptions {
  readonly recipe?: string;
  readonly artifact?: string;
  readonly member?: string;
  /** Minutes. */
  readonly budget: number;
  readonly cache?: string;
  readonly output?: string;
  readonly saveRecipe?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/**
 * `verbatim rebuild`: rebuilds a published file on this machine alone, by the recipe given or by those that its programs propose, and compares.
 * Throws CliError `usage`, `file`; BuilderError `tool-missing`, `sandbox-refused`.
 */
export async function rebuild(file: string, options: RebuildOptions, io: Io): Promise<number> {
  const bytes = readWhole(file);
  const given = options.recipe === undefined ? null : readRecipe(options.recipe);
  const programs = chosen(await programsOf(file, bytes), options, given, file);
  if (programs.found.length > 1 && (options.output ?? options.saveRecipe) !== undefined)
    throw new CliError('usage', `${file} has ${programs.found.length} programs: choose one with --member`);
  const cacheDir = options.cache ?? cacheFolder(io.env);
  if (cacheDir === null) throw new CliError('usage', 'expected a home folder for downloads, found none: name a folder with --cache');

  const say = (line: string): void => {
    if (!options.quiet && io.terminal === true) io.err(`${printable(line)}\n`);
  };
  const deadline = AbortSignal.timeout(options.budget * 60_000);
  const forbidden = [...new Set([sha256Of(bytes), ...programs.found.map((program) => sha256Of(program.bytes))])];
  await using machine = await Machine.start({ cacheDir: `${cacheDir}/rebuild`, forbidden, environment: io.env, signal: deadline, say });
  const results: Result[] = [];
  for (const program of programs.found) {
    const result = await one(program, given, programs, options, machine, {
      deadline,
      environment: io.env,
      cacheDir: `${cacheDir}/rebuild`,
    });
    results.push(result);
    await keep(result, options);
  }
  const exitCode = results.length === 0 ? EXIT.noRecipe : Math.max(...results.map((result) => result.exitCode));
  const summary = { file, sandbox: machine.sandbox, results, exitCode };
  io.out(options.json ? toJson(summary) : toText(summary, io));
  return exitCode;
}

interface Surroundings {
  readonly deadline: AbortSignal;
  readonly cacheDir: string;
  readonly environment: Io['env'];
}

async function one(
  program: Program,
  given: Recipe | null,
  { purl }: Programs,
  options: RebuildOptions,
  machine: Machine,
  { deadline, cacheDir, environment }: Surroundings,
): Promise<Result> {
  const sha256 = sha256Of(program.bytes);
  const known = { member: program.member, artifact: program.artifact, sha256 };
  const attempts: Attempt[] = [];
  const problems: string[] = [];
  try {
    const { candidates, problems: found }: Completed =
      given === null
        ? await completeDrafts(draftsOf(program, hintsOf(options, purl)), { cacheDir, environment, signal: deadline })
        : { candidates: [{ recipe: given, notes: [] }], problems: [] };
    problems.push(...found);
    for await (const attempt of search(program, sha256, candidates, machine)) attempts.push(attempt);
  } catch (error) {
    if (!deadline.aborted) throw error;
    problems.push(`the budget of ${options.budget} minutes is used up`);
  }
  return { ...known, exitCode: exitCodeOf(attempts), attempts, problems };
}

function draftsOf({ bytes, artifact }: Program, hints: ReturnType<typeof hintsOf>): Parameters<typeof completeDrafts>[0] {
  return inferGoRecipes(bytes, { artifact, ...hints }).map(({ recipe }) => recipe);
}

function exitCodeOf(attempts: readonly Attempt[]): number {
  const seen = new Set(attempts.map(({ outcome }) => outcome));
  if (seen.has('match')) return EXIT.same;
  if (seen.has('differ')) return EXIT.different;
  return seen.has('unavailable') ? EXIT.unavailable : EXIT.noRecipe;
}

/** The program, or the programs, to rebuild; under the name that the recipe has for it, when there is one. */
function chosen(programs: Programs, { member, artifact }: RebuildOptions, recipe: Recipe | null, file: string): Programs {
  const found = member === undefined ? programs.found : programs.found.filter((program) => program.member === member);
  if (member !== undefined && found.length === 0) {
    const known = programs.found.map((program) => program.member ?? file).join(', ');
    throw new CliError('usage', `--member: expected a program in ${file} (${known || 'it has none'}), found ${member}`);
  }
  if (recipe === null) return { ...programs, found };
  const outputs = recipeOutputs(recipe);
  const wanted = artifact ?? (outputs.length === 1 ? outputs[0]! : null);
  const named = found.map((program) => (wanted === null ? program : { ...program, artifact: wanted }));
  const strange = named.find((program) => !outputs.includes(program.artifact));
  if (strange !== undefined)
    throw new CliError(
      'usage',
      `--recipe: expected an output ${strange.artifact}, found ${outputs.join(', ')}: choose one with --artifact`,
    );
  return { ...programs, found: named };
}

/** What people asked to keep: the last rebuild, and the recipe that gives the published bytes. Existing files are replaced whole or not at all. */
async function keep({ attempts }: Result, { output, saveRecipe }: RebuildOptions): Promise<void> {
  const { durable } = await import('@verbatim/service-kit/durable');
  const built = attempts.findLast(({ path }) => path !== null);
  if (output !== undefined && built !== undefined) await durable.writeFile(output, await readFile(built.path!), { mode: 0o755 });
  const matching = attempts.find(({ outcome }) => outcome === 'match');
  if (saveRecipe !== undefined && matching !== undefined) await durable.writeFile(saveRecipe, encodeRecipe(matching.recipe));
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
