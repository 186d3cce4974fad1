/** What an audit can find wrong with a log's index (docs/spec/index-map.md §6). */
export type IndexFindingKind =
  /** An entry that no log admits: in no index, and not to be understood by anybody. */
  | 'malformed-entry'
  /** The stated root is not the root over the entries before. */
  | 'wrong-root'
  /** The stated size is not the entry's own index. */
  | 'wrong-size'
  /** Of another log, or not signed by the log's key alone. */
  | 'foreign-root'
  /** An index root right after another. */
  | 'two-roots'
  /** A published size whose last entry is no index root. */
  | 'missing-root';

export interface IndexFinding {
  readonly kind: IndexFindingKind;
  /** Of the entry. */
  readonly index: number;
  readonly expected: string;
  readonly found: string;
}

/** A log that is wrong everywhere need not be listed whole. */
export const MAX_INDEX_FINDINGS = 100;

export function describeFinding({ kind, index, expected, found }: IndexFinding): string {
  return `entry ${index}, ${kind}: expected ${expected}, found ${found}`;
}
