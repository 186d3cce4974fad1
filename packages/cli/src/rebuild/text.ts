import type { Recipe } from '@verbatim/statements';
import { HEADINGS, explanationLines } from '../explain/text.ts';
import { paint, printable } from '../io.ts';
import type { Io } from '../io.ts';
import type { Summary } from './json.ts';
import type { WhatIfTried } from './prove.ts';
import { EXIT, type Result, type Variation } from './result.ts';
import type { Attempt } from './search.ts';

/** For people: whether the bytes came out, by which recipe, and if not, why the nearest try differs. */
export function toText({ file, sandbox, results }: Summary, io: Io): string {
  if (results.length === 0) return `${paint(io, 'yellow', '…')} no program was found in ${printable(file)}\n`;
  const blocks = results.map((result) => resultLines(result, file, io).join('\n'));
  return `${blocks.join('\n\n')}\n  rebuilt on this machine alone, in ${sandbox}\n`;
}

function resultLines(result: Result, file: string, io: Io): string[] {
  const { member, sha256, attempts, problems } = result;
  const name = member === null ? file : `${file}, member ${member}`;
  const lines = [`${headline(result, io)}  ${printable(name)}`, `  sha256:${sha256}`];
  const matching = attempts.find(({ outcome }) => outcome === 'match');
  if (matching !== undefined) lines.push(...recipeLines(matching.recipe), ...matching.notes.map((note) => `  ${printable(note)}`));
  else lines.push(...attempts.flatMap(attemptLines));
  lines.push(...problems.map((problem) => `  ${printable(problem)}`));
  if (attempts.some(({ observed }) => observed !== null)) lines.push(cost(result));
  if (result.variation !== null) lines.push(...variationLines(result.variation));
  if (result.exitCode === EXIT.noRecipe)
    lines.push('  → say what is known: --module, --module-version, --package, --ldflags, or a whole --recipe');
  return lines;
}

function headline({ exitCode, attempts }: Result, io: Io): string {
  const tried = attempts.length === 1 ? 'the one recipe tried' : `${attempts.length} recipes tried`;
  switch (exitCode) {
    case EXIT.same:
      return paint(io, 'green', `✓ rebuilt, bit for bit`);
    case EXIT.different:
      return paint(io, 'red', `✗ other bytes by ${tried}`);
    case EXIT.unavailable:
      return paint(io, 'yellow', '! inputs could not be had');
    default:
      return paint(io, 'yellow', attempts.length === 0 ? '… no recipe is known' : `… nothing was built by ${tried}`);
  }
}

function recipeLines(recipe: Recipe): string[] {
  const { source } = recipe;
  const from = 'module' in source ? `${source.module}@${source.version} ${source.h1}` : JSON.stringify(source);
  const lines = [`  from ${printable(from)}`];
  if (recipe.kind === 'go') {
    const flags = [...recipe.flags, ...(recipe.ldflags === null ? [] : [`-ldflags=${recipe.ldflags}`]), recipe.package];
    lines.push(`  by ${recipe.toolchain.version} build ${printable(flags.join(' '))}`);
  } else lines.push(`  by a recipe of kind ${recipe.kind}`);
  return lines;
}

function attemptLines({ recipe, detail, outcome, explanation, whatIfs }: Attempt, index: number): string[] {
  const lines = [`  try ${index + 1}: ${outcome}`, ...recipeLines(recipe).map((line) => `  ${line}`)];
  if (detail !== null) lines.push(`    ${printable(detail)}`);
  if (explanation !== null) lines.push(`    ${HEADINGS[explanation.class][2]}`, ...explanationLines(explanation, '    '));
  lines.push(...whatIfs.map(whatIfLine));
  return lines;
}

const WHAT_IF = { match: 'exactly the published bytes', differ: 'other bytes, too', failed: 'nothing', unavailable: 'nothing' } as const;

function whatIfLine({ settings, outcome, detail }: WhatIfTried): string {
  return `    built with ${printable(settings.join(', '))}: ${WHAT_IF[outcome]}${detail === null ? '' : ` (${printable(detail)})`}`;
}

function cost({ attempts, wallSeconds, cpuSeconds }: Result): string {
  const peak = Math.max(...attempts.map(({ peakMemoryBytes }) => peakMemoryBytes ?? 0));
  const memory = peak === 0 ? '' : `, ${Math.round(peak / 1024 ** 2)} MiB at most`;
  const tries = attempts.length === 1 ? 'one try' : `${attempts.length} tries`;
  return `  ${tries}, ${wallSeconds.toFixed(1)} s in all with look-ups and downloads; ${cpuSeconds.toFixed(1)} s of CPU to build${memory}`;
}

function variationLines({ same, observed, varied, kept }: Variation): string[] {
  return [
    same
      ? `  the same again in ${observed.length} builds with other surroundings: ${varied.join(', ')}`
      : `  the build does not agree with itself when ${varied.join(', ')} are varied: ${observed.map((sha256) => sha256 ?? 'nothing').join(', ')}`,
    ...kept.map(({ fact, why }) => `  not varied: ${fact}, as ${printable(why)}`),
  ];
}
