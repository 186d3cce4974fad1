import type { Attempt } from './search.ts';
import type { Result } from './result.ts';

export const SCHEMA_VERSION = 1;

export interface Summary {
  readonly file: string;
  /** What the builds ran in. */
  readonly sandbox: string;
  readonly results: readonly Result[];
  readonly exitCode: number;
}

/** What `--json` prints: schema/rebuild.schema.json. */
export function toJson({ file, sandbox, results, exitCode }: Summary): string {
  return `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, exitCode, file, sandbox, programs: results.map(programJson) }, null, 2)}\n`;
}

function programJson({ attempts, ...result }: Result): object {
  return { ...result, attempts: attempts.map(attemptJson) };
}

function attemptJson({
  recipe,
  notes,
  outcome,
  observed,
  detail,
  cpuSeconds,
  wallSeconds,
  peakMemoryBytes,
  explanation,
  whatIfs,
}: Attempt): object {
  return { outcome, observed, detail, cpuSeconds, wallSeconds, peakMemoryBytes, recipe, notes, explanation, whatIfs };
}
