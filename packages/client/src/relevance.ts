/** Which entries are about a question. Answers of a log are bound to what was asked: everything else is left out (CVE-2026-56864). */
import { decodeEntry, PREDICATE, type ReleaseStatement, type Statement } from '@verbatim/statements';

export interface Ask {
  /** sha256 of a file or of a container, 64 lower-case hex digits. */
  readonly digest?: string;
  /** sha256 of a member of that container: it may have been judged elsewhere, and dissents about the same question count. */
  readonly member?: string;
  /** A release: its entries are gathered to say what it claims instead, or that it exists. */
  readonly purl?: string;
}

/** Takes entries in ascending order of index: a release comes before what is said about it. */
export class Relevance {
  readonly #ask: Ask;
  /** Release entry to the artifacts that the question is about. */
  readonly #artifacts = new Map<bigint, ReadonlySet<string>>();

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  isRelevant(index: bigint, entry: Uint8Array): boolean {
    // Genesis names the key that signs revocations.
    if (index === 0n) return true;
    let statement: Statement;
    try {
      ({ statement } = decodeEntry(entry));
    } catch {
      // No log may admit it: the verdict has to say so.
      return true;
    }
    switch (statement.predicateType) {
      case PREDICATE.release:
        return this.#isRelevantRelease(index, statement);
      case PREDICATE.observation:
        return this.#artifacts.get(BigInt(statement.predicate.release.index))?.has(statement.predicate.artifact) ?? false;
      case PREDICATE.roster:
        return statement.predicate.action === 'revoke';
      case PREDICATE.control:
        return false;
    }
  }

  #isRelevantRelease(index: bigint, { subject, predicate }: ReleaseStatement): boolean {
    const { digest, member: wanted, purl } = this.#ask;
    const names = predicate.artifacts
      .filter(({ name, member }) => {
        const file = subject.find((each) => each.name === name)?.digest.sha256;
        return (
          (digest !== undefined && (member?.container.sha256 === digest || file === digest)) || (wanted !== undefined && file === wanted)
        );
      })
      .map(({ name }) => name);
    if (names.length > 0) this.#artifacts.set(index, new Set(names));
    return names.length > 0 || predicate.purl === purl;
  }
}
