import type { FileExplanation } from '@verbatim/binaries/archives';
import type { DiffoscopeResult } from './diffoscope.ts';
import type { Side } from './explain.ts';

export const SCHEMA_VERSION = 1;

export interface Result {
  readonly published: Side;
  readonly rebuilt: Side;
  readonly explanation: FileExplanation;
  readonly report: DiffoscopeResult | null;
  readonly exitCode: number;
}

/** What `--json` prints: schema/explain.schema.json. */
export function toJson({ published, rebuilt, explanation, report, exitCode }: Result): string {
  const side = ({ file, sha256, bytes }: Side): object => ({ file, sha256, size: bytes.length });
  const all = {
    schemaVersion: SCHEMA_VERSION,
    exitCode,
    published: side(published),
    rebuilt: side(rebuilt),
    explanation,
    diffoscope: report,
  };
  return `${JSON.stringify(all, null, 2)}\n`;
}
