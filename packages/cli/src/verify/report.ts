import { exitCodeOf, worst } from '@verbatim/consensus';
import { printable } from '../io.ts';
import type { Io } from '../io.ts';
import type { PolicyFile } from '../policy-file.ts';
import { toJson } from './json.ts';
import type { FileResult, Trouble } from './result.ts';
import { headingOf, toText } from './text.ts';

/** What a run came to. */
export interface Run {
  readonly results: readonly FileResult[];
  /** Null when there was none, or none that can be used. */
  readonly policyFile: PolicyFile | null;
  /** What stopped the whole run. */
  readonly troubles: readonly Trouble[];
}

export interface ReportOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly explain?: boolean;
}

/** Prints, and returns the exit code of the worst verdict: 0 only when there are results and every one is `reproduced`. */
export function report(run: Run, { json, quiet, explain = false }: ReportOptions, io: Io): number {
  const { results, policyFile, troubles } = run;
  // What stopped the run is a verdict among the others: it outweighs all but proof that the log lied.
  const exitCode = exitCodeOf(worst([...results.map(({ verdict }) => verdict), ...(troubles.length > 0 ? ['policy-error' as const] : [])]));
  if (json) {
    io.out(toJson(run, exitCode, explain));
  } else if (!quiet) {
    const blocks = results.map((result) => toText(result, policyFile, io, explain));
    for (const { message } of troubles) blocks.push(`${headingOf('policy-error', io)}  ${printable(message)}\n`);
    io.out(blocks.join('\n'));
  }
  return exitCode;
}
