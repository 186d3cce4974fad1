import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importInputs } from '@verbatim/builder';
import { encodeRecipe, recipeOutputs, type Recipe } from '@verbatim/statements';
import { CliError } from '../errors.ts';
import { readWhole } from '../files.ts';
import { cacheFolder } from '../folders.ts';
import { printable } from '../io.ts';
import type { Io } from '../io.ts';
import { completeRecipes, type Completed } from '../recipe/complete.ts';
import { GoSources } from '../recipe/go-source.ts';
import type { HintOptions } from '../recipe/hints.ts';
import { programsOf, type Program, type Programs } from '../recipe/programs.ts';
import { readRecipe } from '../recipe/read-recipe.ts';
import { toJson } from './json.ts';
import { Machine } from './machine.ts';
import { EXIT, worstExit, type Result, type Variation } from './result.ts';
import { prove } from './prove.ts';
import { search, type Attempt } from './search.ts';
import { toText } from './text.ts';
import { variationOf } from './variation.ts';

export interface RebuildOptions extends HintOptions {
  readonly recipe?: string;
  readonly artifact?: string;
  readonly member?: string;
  /** Minutes. */
  readonly budget: number;
  readonly cache?: string;
  readonly output?: string;
  readonly saveRecipe?: string;
  readonly vary?: boolean;
  readonly explain?: boolean;
  readonly offline?: boolean;
  readonly inputs?: string;
  readonly exportInputs?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/**
 * `verbatim rebuild`: rebuilds a published file on this machine alone, by the recipe given or by those that its programs propose, and compares.
 * Throws CliError `usage`, `file`; BuilderError `tool-missing`, `sandbox-refused`.
 */
export async function rebuild(file: string, options: RebuildOptions, io: Io): Promise<number> {
  const bytes = readWhole(file);
  const recipeFile = options.recipe ?? (options.inputs === undefined ? undefined : join(options.inputs, 'recipe.json'));
  const given = recipeFile === undefined ? null : readRecipe(recipeFile);
  if (options.offline && given === null)
    throw new CliError('usage', '--offline: expected --recipe or --inputs, as looking for a recipe needs a network');
  const programs = chosen(await programsOf(file, bytes), options, given, file);
  if (programs.found.length > 1 && (options.output ?? options.saveRecipe ?? options.exportInputs) !== undefined)
    throw new CliError('usage', `${file} has ${programs.found.length} programs: choose one with --member`);
  const folder = options.cache ?? cacheFolder(io.env);
  if (folder === null) throw new CliError('usage', 'expected a home folder for downloads, found none: name a folder with --cache');

  const say = (line: string): void => {
    if (!options.quiet && io.terminal === true) io.err(`${printable(line)}\n`);
  };
  const cacheDir = join(folder, 'rebuild');
  const deadline = AbortSignal.timeout(options.budget * 60_000);
  const forbidden = [...new Set([sha256Of(bytes), ...programs.found.map((program) => sha256Of(program.bytes))])];
  if (options.inputs !== undefined) await importInputs({ from: options.inputs, cacheDir, signal: deadline });
  const offline = options.offline ?? false;
  await using machine = await Machine.start({ cacheDir, forbidden, environment: io.env, signal: deadline, offline, say });
  const look = { cacheDir, environment: io.env, signal: deadline };
  const origins = { ...look, file, of: programs.of, sbom: programs.sbom, sources: new GoSources(look) };
  const candidatesOf = (program: Program): Promise<Completed> =>
    given === null
      ? completeRecipes(program, options, origins)
      : Promise.resolve({ candidates: [{ recipe: given, notes: [] }], problems: [] });
  const results: Result[] = [];
  for (const program of programs.found) {
    const result = await one(program, candidatesOf, options, machine, deadline);
    results.push(result);
    await keep(result, options, machine);
  }
  const exitCode = worstExit(results.map((result) => result.exitCode));
  const summary = { file, sandbox: machine.sandbox, results, exitCode };
  io.out(options.json ? toJson(summary) : toText(summary, io));
  return exitCode;
}

async function one(
  program: Program,
  candidatesOf: (program: Program) => Promise<Completed>,
  { budget, vary, explain }: RebuildOptions,
  machine: Machine,
  deadline: AbortSignal,
): Promise<Result> {
  const started = performance.now();
  const { member, artifact } = program;
  const sha256 = sha256Of(program.bytes);
  const attempts: Attempt[] = [];
  const problems: string[] = [];
  let variation: Variation | null = null;
  try {
    const { candidates, problems: found } = await candidatesOf(program);
    problems.push(...found);
    for await (const attempt of search(program, sha256, candidates, machine)) attempts.push(attempt);
    if (explain && attempts.every(({ outcome }) => outcome !== 'match')) {
      for (const [index, attempt] of attempts.entries()) attempts[index] = await prove(attempt, program, sha256, machine);
    }
    if (vary) variation = await variationOf(attempts, artifact, machine);
  } catch (error) {
    if (!deadline.aborted) throw error;
    problems.push(`the budget of ${budget} minutes is used up`);
  }
  const cpuSeconds = attempts.reduce((sum, attempt) => sum + (attempt.cpuSeconds ?? 0), 0);
  const wallSeconds = (performance.now() - started) / 1000;
  return { member, artifact, sha256, exitCode: exitCodeOf(attempts), attempts, problems, wallSeconds, cpuSeconds, variation };
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

/** A recipe that names the toolchain it was built by, where it left that to the checksum database. */
function pinned({ recipe, toolchains }: Attempt): Recipe {
  if (recipe.kind !== 'go') return recipe;
  const used = toolchains.filter(({ name, version }) => name === 'go' && version === recipe.toolchain.version);
  const h1 = { ...Object.fromEntries(used.map(({ host, digest }) => [host, digest])), ...recipe.toolchain.h1 };
  return { ...recipe, toolchain: { ...recipe.toolchain, h1 } };
}

/** What people asked to keep: the last rebuild, its inputs, and the recipe that gives the published bytes. Existing files are replaced whole or not at all. */
async function keep({ attempts }: Result, { output, saveRecipe, exportInputs }: RebuildOptions, machine: Machine): Promise<void> {
  const { durable } = await import('@verbatim/service-kit/durable');
  const built = attempts.findLast(({ path }) => path !== null);
  if (output !== undefined && built !== undefined) await durable.writeFile(output, await readFile(built.path!), { mode: 0o755 });
  const matching = attempts.find(({ outcome }) => outcome === 'match');
  if (saveRecipe !== undefined && matching !== undefined) await durable.writeFile(saveRecipe, encodeRecipe(pinned(matching)));
  const best = matching ?? attempts.findLast(({ observed }) => observed !== null);
  if (exportInputs !== undefined && best !== undefined) await machine.export(best.recipe, exportInputs);
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
