import { EXIT_CODES } from '@verbatim/consensus';
import type { HeardObservation, Verdict, VerdictKind } from '@verbatim/consensus';

/** Something that went wrong outside of the evaluation: a file that cannot be read, a log that cannot be reached. */
export interface Trouble {
  /** Kebab-case; from the layer that failed. */
  readonly code: string;
  readonly message: string;
}

/** The answer about one file, as the output prints it. */
export interface FileResult {
  /** As it was named: a path, `-`, or a member `PATH` of one. */
  readonly file: string;
  readonly member: string | null;
  /** The release that it was to be of; null when any will do. */
  readonly asked: string | null;
  /** Of what was judged; null when it could not be read. */
  readonly sha256: string | null;
  readonly verdict: VerdictKind;
  readonly exitCode: number;
  /** The evaluation; null when it never came to one. */
  readonly judged: Verdict | null;
  readonly troubles: readonly Trouble[];
  /** What rebuilders say themselves, when they were asked. */
  readonly heard: readonly HeardObservation[];
  /** The bundle that the evidence came from, or that it was saved in. */
  readonly bundle: string | null;
}

/** Troubles of a log that is out of reach, as the client names them. */
const OUT_OF_REACH: ReadonlySet<string> = new Set(['unreachable', 'timeout', 'not-found', 'bad-status']);

/** What to do now, in words; without an evaluation, by what went wrong. */
export function nextSteps({ judged, verdict, troubles }: FileResult): readonly string[] {
  if (judged !== null) return judged.next;
  if (verdict === 'log-misbehaviour')
    return ['Do not install it.', 'Keep the evidence and report it to the log\u2019s operator and its witnesses.'];
  if (troubles.some(({ code }) => OUT_OF_REACH.has(code)))
    return ['Try again later, or from another network; with a bundle that was saved before, --offline --bundle FILE needs none.'];
  return [];
}

/** A result without an evaluation. `reproduced` is not among the possible verdicts. */
export function failedResult(
  about: Pick<FileResult, 'file' | 'member' | 'asked' | 'sha256'>,
  verdict: Exclude<VerdictKind, 'reproduced'>,
  troubles: readonly Trouble[],
): FileResult {
  return { ...about, verdict, exitCode: EXIT_CODES[verdict], judged: null, troubles, heard: [], bundle: null };
}
