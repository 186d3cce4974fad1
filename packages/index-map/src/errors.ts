/** What this package throws. Forged proofs are `false`, never an exception. */
import { CodedError } from '@verbatim/tlog';

export type IndexMapErrorCode =
  /** A key, a value, a number or a list is outside of what docs/spec/index-map.md allows. */
  | 'out-of-range'
  /** A lookup value is not in its canonical spelling. */
  | 'bad-lookup'
  /** The map holds another value under this key: pairs are never replaced. */
  | 'key-taken'
  /** More pairs share the prefix than the caller wants. */
  | 'too-many-pairs'
  | 'malformed-proof'
  /** What the store returned is no node, or not the one that its parent means. */
  | 'malformed-node';

export class IndexMapError extends CodedError<IndexMapErrorCode> {
  override readonly name: string = 'IndexMapError';
}
