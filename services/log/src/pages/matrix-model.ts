import type { RosterKey } from '../admission/view.ts';
import { type CellState, stateOf } from './states.ts';
import type { ArtifactListing, ObservationListing } from '../store/pages.ts';

export interface CellAttempt {
  readonly attempt: number;
  readonly index: bigint;
  readonly state: CellState;
  readonly reason: string | null;
}

export interface Cell {
  readonly state: CellState;
  /** In order; empty while waiting. */
  readonly attempts: readonly CellAttempt[];
}

export interface Column {
  readonly keyid: string;
  readonly name: string;
  readonly operator: string;
  /** Platforms it rebuilt on, as it said. */
  readonly hosts: readonly string[];
  /** Entry that revoked the key, or null. */
  readonly revokedAt: bigint | null;
}

export interface MatrixRow {
  readonly artifact: string;
  readonly sha256: string | null;
  readonly cells: readonly Cell[];
}

export interface Matrix {
  readonly columns: readonly Column[];
  readonly rows: readonly MatrixRow[];
  readonly summary: Summary;
}

/** Facts about a release as a whole. Not a verdict: only a reader's own policy counts votes (DESIGN §3.4). */
export interface Summary {
  readonly state: 'differs' | 'reproduced' | 'partly-reproduced' | 'no-match-yet' | 'waiting';
  /** Operators that reproduced every published artifact, and operators that saw a difference anywhere. */
  readonly matching: number;
  readonly differing: number;
  /** Artifacts at least one operator reproduced, of all published ones. */
  readonly artifactsReproduced: number;
  readonly artifacts: number;
}

/** The matrix artifacts × rebuilders at a size. Rebuilders in good standing have a column even before they answer. */
export function buildMatrix(
  artifacts: readonly ArtifactListing[],
  observations: readonly ObservationListing[],
  rebuilders: readonly RosterKey[],
  size: bigint,
): Matrix {
  const columns = rebuilders
    .filter((key) => key.enrolledAt < size)
    .map((key) => ({
      key,
      seen: observations.filter(({ keyid }) => keyid === key.keyid),
      revokedAt: key.revokedAt !== null && key.revokedAt < size ? key.revokedAt : null,
    }))
    .filter(({ seen, revokedAt }) => revokedAt === null || seen.length > 0)
    .toSorted((a, b) => compare(a.key.operator, b.key.operator) || compare(a.key.name, b.key.name));
  const rows = artifacts.map(({ name, sha256 }) => ({
    artifact: name,
    sha256,
    cells: columns.map(({ seen }) => cellOf(seen.filter(({ artifact }) => artifact === name))),
  }));
  return {
    columns: columns.map(({ key, seen, revokedAt }) => ({
      keyid: key.keyid,
      name: key.name,
      operator: key.operator,
      hosts: [...new Set(seen.map(({ host }) => host))],
      revokedAt,
    })),
    rows,
    summary: summarize(
      rows,
      columns.map(({ key }) => key.operator),
    ),
  };
}

/** No later attempt erases a difference, and trouble after a conclusive attempt does not erase that (DESIGN §3.4). */
function cellOf(observations: readonly ObservationListing[]): Cell {
  const attempts = observations.map(({ attempt, index, result, reason }) => ({
    attempt,
    index,
    state: stateOf(result),
    reason,
  }));
  const strongest = (['differs', 'reproduced', 'built'] as const).find((state) => attempts.some((each) => each.state === state));
  return { state: strongest ?? attempts.at(-1)?.state ?? 'waiting', attempts };
}

function summarize(rows: readonly MatrixRow[], operators: readonly string[]): Summary {
  const published = rows.filter(({ sha256 }) => sha256 !== null);
  const by = (row: MatrixRow, state: CellState): string[] => operators.filter((_, i) => row.cells[i]!.state === state);
  const differing = new Set(published.flatMap((row) => by(row, 'differs')));
  const matching =
    new Set(operators).size === 0
      ? []
      : [...new Set(operators)].filter(
          (operator) => published.length > 0 && published.every((row) => by(row, 'reproduced').includes(operator)),
        );
  const artifactsReproduced = published.filter((row) => by(row, 'reproduced').length > 0).length;
  const answered = rows.some((row) => row.cells.some(({ attempts }) => attempts.length > 0));
  const state =
    differing.size > 0
      ? 'differs'
      : published.length > 0 && artifactsReproduced === published.length
        ? 'reproduced'
        : artifactsReproduced > 0
          ? 'partly-reproduced'
          : answered
            ? 'no-match-yet'
            : 'waiting';
  return { state, matching: matching.length, differing: differing.size, artifactsReproduced, artifacts: published.length };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
