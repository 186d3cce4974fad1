import { explainFiles } from '@verbatim/binaries/archives';
import { toHex } from '@verbatim/tlog';
import { createHash } from 'node:crypto';
import { CliError } from '../errors.ts';
import { readWhole } from '../files.ts';
import { printable } from '../io.ts';
import type { Io } from '../io.ts';
import { compareInSandbox, type DiffoscopeResult } from './diffoscope.ts';
import { toJson } from './json.ts';
import { toText } from './text.ts';

export interface ExplainOptions {
  readonly json?: boolean;
  /** Further rebuilds with nothing changed. */
  readonly again?: readonly string[];
  /** Undefined: for what is left unexplained, where it is installed. */
  readonly diffoscope?: boolean;
}

/** One of the two files. */
export interface Side {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

export const EXIT_IDENTICAL = 0;
export const EXIT_DIFFERENT = 1;
const EXIT_TROUBLE = 2;

/** `verbatim explain`: 0 identical, 1 different, 2 trouble, as cmp(1), diff(1) and diffoscope(1). Throws CliError `usage`, `file`. */
export async function explainTwo(publishedFile: string, rebuiltFile: string, options: ExplainOptions, io: Io): Promise<number> {
  const { again = [] } = options;
  if ([publishedFile, rebuiltFile, ...again].filter((file) => file === '-').length > 1)
    throw new CliError('usage', 'standard input can be read once');
  const [published, rebuilt] = [readSide(publishedFile), readSide(rebuiltFile)];
  const rebuilds = again.map((file) => ({ bytes: readWhole(file), varied: [] }));
  const explanation = await explainFiles(published.bytes, rebuilt.bytes, { rebuilds });
  const identical = explanation.class === 'identical';
  const wanted = options.diffoscope ?? explanation.class === 'unexplained';
  const report = wanted && !identical ? await compareInSandbox(published.bytes, rebuilt.bytes) : null;
  const asked = options.diffoscope === true && !identical;
  const exitCode = asked && !hasReport(report) ? EXIT_TROUBLE : identical ? EXIT_IDENTICAL : EXIT_DIFFERENT;
  const result = { published, rebuilt, explanation, report, exitCode };
  io.out(options.json ? toJson(result) : toText(result, io));
  if (report !== null && !hasReport(report)) io.err(`verbatim: ${printable(report.message)}\n`);
  return exitCode;
}

function readSide(file: string): Side {
  const bytes = readWhole(file);
  return { file, sha256: toHex(createHash('sha256').update(bytes).digest()), bytes };
}

/** A report that was cut short is one. */
function hasReport(report: DiffoscopeResult | null): boolean {
  return report !== null && (report.status === 'complete' || report.status === 'cut-short');
}
