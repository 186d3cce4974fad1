import { printable } from '../io.ts';
import type { Inferred } from './infer.ts';

/** For people: each program, what it says, the recipes with what is missing, and why. */
export function describeInferred(file: string, purl: string | null, inferred: readonly Inferred[]): string {
  return inferred.map((one) => describe(one, file, purl)).join('\n') || `no program was found in ${printable(file)}\n`;
}

function describe({ member, identity, goVersion, buildId, candidates, problem }: Inferred, file: string, purl: string | null): string {
  const { format, os, arch } = identity;
  const lines = [
    `${printable(member ?? file)}: ${printable(problem ?? (candidates.length === 1 ? 'one recipe' : `${candidates.length} recipes, best first`))}`,
  ];
  if (format !== null || purl === null)
    lines.push(
      `  ${format ?? 'unknown format'}${os === null ? '' : ` for ${os}/${arch ?? 'several architectures'}`}${goVersion === null ? '' : `, ${printable(goVersion)}`}`,
    );
  if (purl !== null) lines.push(`  published as ${purl}`);
  if (buildId !== null) lines.push(`  build id ${printable(buildId)}`);
  for (const [i, { recipe, missing, notes }] of candidates.entries()) {
    const json = JSON.stringify(recipe, null, 2).split('\n');
    lines.push('', `  recipe ${i + 1}`, ...json.map((line) => `    ${printable(line)}`));
    if (missing.length > 0) lines.push(`  missing: ${missing.join(', ')}`);
    if (i === 0) lines.push(...notes.map((note) => `  note: ${printable(note)}`));
  }
  return `${lines.join('\n')}\n`;
}
