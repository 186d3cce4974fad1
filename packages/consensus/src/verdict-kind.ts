/** Verdicts are values with exit codes (DESIGN §3.13). This table is the only place that maps one to the other. */

export type VerdictKind =
  | 'reproduced'
  | 'not-reproduced'
  | 'unknown-file'
  | 'log-misbehaviour'
  | 'policy-error'
  | 'insufficient'
  | 'unavailable';

export interface VerdictMeaning {
  readonly exitCode: number;
  /** First words of the output. */
  readonly heading: string;
  readonly meaning: string;
}

/** Worst first (DESIGN §3.13); the command's help and the documentation print this table. */
export const VERDICTS: Readonly<Record<VerdictKind, VerdictMeaning>> = {
  'log-misbehaviour': {
    exitCode: 1,
    heading: 'SECURITY ERROR',
    meaning: 'a signature, a proof or an entry of the log does not verify, or the log showed two histories',
  },
  'policy-error': { exitCode: 2, heading: 'POLICY ERROR', meaning: 'no usable policy, wrong usage, or a file that cannot be read' },
  'unknown-file': {
    exitCode: 1,
    heading: 'UNKNOWN FILE',
    meaning: 'no release claims this digest, or not the release that was asked for',
  },
  'not-reproduced': {
    exitCode: 1,
    heading: 'NOT REPRODUCED',
    meaning: 'more operators than the policy tolerates rebuilt it and got other bytes',
  },
  unavailable: {
    exitCode: 4,
    heading: 'COULD NOT CHECK',
    meaning: 'the log could not be reached, its checkpoint is too old, or evidence is missing',
  },
  insufficient: {
    exitCode: 3,
    heading: 'NOT YET CONFIRMED',
    meaning: 'valid so far, but fewer results or cosignatures than the policy demands',
  },
  reproduced: { exitCode: 0, heading: 'REPRODUCED', meaning: 'enough independent operators rebuilt exactly these bytes' },
};

const WORST_FIRST = Object.keys(VERDICTS) as VerdictKind[];

/** Exit code of every verdict. Only `reproduced` is 0. */
export const EXIT_CODES = Object.fromEntries(WORST_FIRST.map((kind) => [kind, VERDICTS[kind].exitCode])) as Readonly<
  Record<VerdictKind, number>
>;

/** The exit code of a verdict; 2 for anything that is not one, so that no mistake becomes 0. */
export function exitCodeOf(kind: string): number {
  return Object.hasOwn(EXIT_CODES, kind) ? EXIT_CODES[kind as VerdictKind] : EXIT_CODES['policy-error'];
}

/** The worst of several verdicts. Nothing judged is a usage error, not a success. */
export function worst(kinds: readonly VerdictKind[]): VerdictKind {
  return WORST_FIRST.find((kind) => kinds.includes(kind)) ?? 'policy-error';
}

/** Whether `a` is strictly worse than `b`. */
export function isWorse(a: VerdictKind, b: VerdictKind): boolean {
  return WORST_FIRST.indexOf(a) < WORST_FIRST.indexOf(b);
}
