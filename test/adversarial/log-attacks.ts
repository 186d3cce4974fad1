/**
 * What dishonest logs, rebuilders, publishers, witnesses and networks try, and what it comes to: the tables of
 * docs/explanation/hostile-logs.md, which `table.ts` writes. The tests run every row.
 */
import type { Attack } from './attacks.ts';
import type { AttackName } from './_hostile-log.ts';

/** A log that changes one thing in what it serves, before one client's eyes. */
export interface ServedAttack extends Attack {
  readonly name: AttackName;
  /** The file that is verified: nobody disagrees about it, or somebody does. */
  readonly about: 'agreed' | 'disputed';
  readonly exitCode: number;
  /** In the error, with its code. */
  readonly says: RegExp;
}

export interface NamedAttack extends Attack {
  /** The file whose test it is. */
  readonly test: string;
}

const MISBEHAVIOUR = 'log-misbehaviour, exit code 1';
const NOT_REPRODUCED = 'not-reproduced, exit code 1';
const INSUFFICIENT = 'insufficient, exit code 3';
const UNAVAILABLE = 'unavailable, exit code 4';

const caught = { about: 'agreed', exitCode: 1, reported: MISBEHAVIOUR } as const;
const unusable = { about: 'agreed', exitCode: 4, reported: UNAVAILABLE } as const;
const hiding = { about: 'disputed', exitCode: 4, reported: UNAVAILABLE } as const;

export const SERVED: readonly ServedAttack[] = [
  {
    name: 'other-root',
    tries: 'another root, signed by the log, that no witness has cosigned',
    contained: 'the tiles do not lead to it; without tiles that do, the quorum of witnesses is missing',
    ...caught,
    says: /tile-mismatch: the tiles on the edge do not lead to the root/,
  },
  {
    name: 'other-key',
    tries: 'a checkpoint whose signatures do not verify',
    contained: 'the log’s key is pinned; a note with a bad signature of a known key is refused whole',
    ...caught,
    says: /bad-checkpoint: /,
  },
  {
    name: 'changed-entry',
    tries: 'another entry in the place of one',
    contained: 'every entry is compared with its leaf hash in a tile that was verified up to the root',
    ...caught,
    says: /entry-mismatch: entry \d+/,
  },
  {
    name: 'dropped-entry',
    tries: 'a bundle without one of its entries',
    contained: 'the same',
    ...caught,
    says: /entry-mismatch: entry \d+/,
  },
  {
    name: 'reordered-entries',
    tries: 'two entries in the other order',
    contained: 'the same',
    ...caught,
    says: /entry-mismatch: entry \d+/,
  },
  {
    name: 'node-as-entry',
    tries: 'the 64 bytes below an inner node as if they were an entry',
    contained: 'leaves and nodes are hashed with different first bytes (RFC 6962 §2.1)',
    ...caught,
    says: /entry-mismatch: entry \d+/,
  },
  {
    name: 'changed-tile',
    tries: 'another hash in a tile',
    contained: 'the edge of the tree must lead to the root, every full tile to its parent',
    ...caught,
    says: /tile-mismatch: /,
  },
  {
    name: 'hidden-dissent',
    tries: 'everything that was logged about a file, but for a dissent',
    contained: 'the proof of the index is about all entries under a key; with one less it does not verify',
    ...hiding,
    says: /incomplete: /,
  },
  {
    name: 'hidden-everything',
    tries: 'that nothing was logged about the file',
    contained: 'absence must be proved',
    ...hiding,
    says: /incomplete: /,
  },
  {
    name: 'other-lookups',
    tries: 'what was logged about something else, with a proof that verifies there',
    contained: 'proofs are checked for the keys that the question needs',
    ...unusable,
    says: /incomplete: /,
  },
  {
    name: 'forged-index-proof',
    tries: 'a proof of the index that is none',
    contained: 'it must lead to the root that the last entry of the checkpoint holds',
    ...unusable,
    says: /incomplete: /,
  },
  {
    name: 'entries-ahead',
    tries: 'look-ups that name entries which are not published',
    contained: 'they are refused',
    ...hiding,
    says: /bad-lookup: /,
  },
  {
    name: 'endless-lookups',
    tries: 'more entries about a file than anybody reads',
    contained: 'every answer has a limit, and so has its number of entries',
    ...hiding,
    says: /too-large: |malformed: /,
  },
  {
    name: 'no-index',
    tries: 'that there is no index to ask',
    contained: 'then the log is read whole, and the dissent found in it',
    about: 'disputed',
    exitCode: 1,
    reported: NOT_REPRODUCED,
    says: /^$/,
  },
  { name: 'short-tile', tries: 'a tile that is a byte short', contained: 'tiles have one size', ...unusable, says: /malformed: .*tile/ },
  { name: 'huge-tile', tries: 'a tile of 4 MiB', contained: 'every answer has a limit', ...unusable, says: /too-large: / },
  {
    name: 'missing-tile',
    tries: 'no tiles',
    contained: 'a checkpoint promises them; nothing is believed without',
    ...unusable,
    says: /not-found: .*is missing/,
  },
  {
    name: 'malformed-bundle',
    tries: 'bytes after the entries of a bundle',
    contained: 'bundles are read to the last byte',
    ...unusable,
    says: /malformed: .*bundle/,
  },
  {
    name: 'not-a-checkpoint',
    tries: 'a page with terminal escapes in the place of a checkpoint',
    contained: 'parsers are strict, and what they complain about is printed escaped',
    ...unusable,
    says: /malformed: /,
  },
  {
    name: 'redirect',
    tries: 'to send the client elsewhere',
    contained: 'redirects are not followed: the policy says where the log is',
    ...unusable,
    says: /bad-status: .*302/,
  },
  {
    name: 'slow-loris',
    tries: 'a byte a second, for ever',
    contained: 'an answer has a deadline as a whole, and there are three tries at most',
    ...unusable,
    says: /timeout: /,
  },
  { name: 'silent', tries: 'never to answer', contained: 'the same', ...unusable, says: /timeout: / },
  { name: 'endless', tries: 'an answer without end', contained: 'every answer has a limit', ...unusable, says: /too-large: / },
  {
    name: 'endless-headers',
    tries: 'headers without end',
    contained: 'the HTTP client’s limit on them',
    ...unusable,
    says: /unreachable: /,
  },
  {
    name: 'bomb',
    tries: 'a small answer that unpacks to a large one',
    contained: 'the limit holds for what is unpacked too',
    ...unusable,
    says: /too-large: /,
  },
  {
    name: 'odd-compression',
    tries: 'a compression that was not offered',
    contained: 'gzip or none',
    ...unusable,
    says: /malformed: .*gzip/,
  },
  {
    name: 'error',
    tries: 'errors with terminal escapes',
    contained: 'printed escaped, or not at all',
    ...unusable,
    says: /bad-status: .*500/,
  },
];

/** Attacks that take more than one answer. Their tests ask for their row by name, and compare. */
export const HISTORIES: readonly NamedAttack[] = [
  {
    name: 'split-view',
    test: 'witness.test.ts',
    tries: 'two histories under one key, cosigned by bribed witnesses, before one client at different times',
    contained: 'checkpoints are remembered; a larger one must continue them. Both notes are saved, with the names of who cosigned both',
    reported: MISBEHAVIOUR,
  },
  {
    name: 'split-view-elsewhere',
    test: 'witness.test.ts',
    tries: 'the second history before somebody who never saw the first',
    contained: 'an honest witness in the quorum has cosigned the first one, and cosigns no other',
    reported: INSUFFICIENT,
  },
  {
    name: 'split-view-witness',
    test: 'witness.test.ts',
    tries: 'the second history before the witness that has cosigned the first',
    contained: 'it refuses; the log keeps the evidence against itself and publishes nothing',
    reported: '503 not-yet-witnessed',
  },
  {
    name: 'rollback',
    test: 'log.test.ts',
    tries: 'an older checkpoint, and what came after it is gone',
    contained: 'the newer one is remembered; both notes are saved',
    reported: MISBEHAVIOUR,
  },
  {
    name: 'replay',
    test: 'log.test.ts',
    tries: 'an older checkpoint of before a dissent, with everything that belongs to it',
    contained: 'whoever has seen a newer one takes nothing older',
    reported: UNAVAILABLE,
  },
  {
    name: 'replay-elsewhere',
    test: 'log.test.ts',
    tries: 'the same before somebody who knows no other',
    contained: 'the cosignatures’ times, `max-age` of the policy',
    reported: UNAVAILABLE,
  },
  {
    name: 'hidden-from-index',
    test: 'lying-index.test.ts',
    tries: 'a dissent that is logged, and stands nowhere in the index: its root is consistent, signed and cosigned',
    contained:
      '`completeness audited`: index-witnesses, or one’s own `log audit`. Without, the output says “by the log’s root”, which is not sound',
    reported: UNAVAILABLE,
  },
  {
    name: 'hidden-from-index-audit',
    test: 'lying-index.test.ts',
    tries: 'the same before `verbatim log audit`',
    contained: 'it rebuilds the index from the entries and compares every root; the evidence is saved',
    reported: 'exit code 1',
  },
  {
    name: 'hidden-from-index-witness',
    test: 'lying-index.test.ts',
    tries: 'the same before an index-witness',
    contained: 'it does the same, and does not cosign; nothing of that log any more',
    reported: '403 wrong-index',
  },
  {
    name: 'wrong-index-root',
    test: 'lying-index.test.ts',
    tries: 'a last index root that is not that of the entries before it',
    contained: 'no proof leads to it: nothing is complete',
    reported: UNAVAILABLE,
  },
  {
    name: 'forged-receipt',
    test: 'log.test.ts',
    tries: 'to acknowledge an entry with a proof of something else',
    contained: 'whoever submits verifies the proof',
    reported: 'exit code 1',
  },
  {
    name: 'forged-bundle',
    test: 'log.test.ts',
    tries: 'a bundle with changed proofs of inclusion',
    contained: 'it is verified as if it came from the log',
    reported: MISBEHAVIOUR,
  },
  {
    name: 'forged-completeness',
    test: 'log.test.ts',
    tries: 'a bundle with changed proofs of the index',
    contained: 'the same',
    reported: UNAVAILABLE,
  },
  {
    name: 'forged-growth',
    test: 'log.test.ts',
    tries: 'a forged consistency proof, to a witness',
    contained: 'it is verified before anything is cosigned',
    reported: '422',
  },
];

export const REBUILDERS: readonly NamedAttack[] = [
  {
    name: 'colluding-liars',
    test: 'rebuilders.test.ts',
    tries: 'k−1 operators that vouch for anything',
    contained: 'k are needed; and where there are k, one honest dissent outweighs them',
    reported: NOT_REPRODUCED,
  },
  {
    name: 'many-keys',
    test: 'rebuilders.test.ts',
    tries: 'one operator with many keys',
    contained: 'one operator, one vote, by the client’s own policy',
    reported: INSUFFICIENT,
  },
  {
    name: 'replayed',
    test: 'rebuilders.test.ts',
    tries: 'one observation submitted twice',
    contained: 'it is the same entry',
    reported: INSUFFICIENT,
  },
  {
    name: 'transplanted',
    test: 'rebuilders.test.ts',
    tries: 'an observation of the same bytes in another release',
    contained: 'it is signed for one release entry, and counts for that one only',
    reported: INSUFFICIENT,
  },
  {
    name: 'retry-until-match',
    test: 'rebuilders.test.ts',
    tries: 'more attempts after a dissent, until one matches',
    contained: 'no later attempt erases a dissent',
    reported: NOT_REPRODUCED,
  },
  {
    name: 'equivocation',
    test: 'rebuilders.test.ts',
    tries: 'two statements about one attempt',
    contained: 'the log takes one; whoever asks the rebuilder hears of the other (`--ask-rebuilders`)',
    reported: '409 attempt-exists',
  },
  {
    name: 'skipped-attempt',
    test: 'rebuilders.test.ts',
    tries: 'attempt 2 without attempt 1',
    contained: 'the log takes them in order',
    reported: '422 attempt-gap',
  },
  {
    name: 'stranger',
    test: 'rebuilders.test.ts',
    tries: 'observations by keys that nobody enrolled, or no policy names',
    contained: 'the former are not admitted, the latter count for nothing',
    reported: INSUFFICIENT,
  },
  {
    name: 'refused-dissent',
    test: 'refused.test.ts',
    tries: '(a log) not to admit a rebuilder that dissents',
    contained: 'the rebuilder serves what it signed; `verify --ask-rebuilders` hears it, and a dissent so heard counts',
    reported: NOT_REPRODUCED,
  },
];

export const PUBLISHERS: readonly NamedAttack[] = [
  {
    name: 'two-digests',
    test: 'rebuilders.test.ts',
    tries: 'two files for one version, by one key',
    contained: 'a key registers each part of a version once',
    reported: '409 release-part-exists',
  },
  {
    name: 'two-digests-two-keys',
    test: 'rebuilders.test.ts',
    tries: 'the same by two keys',
    contained: 'each is judged by its own observations: the one that does not come from the source differs',
    reported: NOT_REPRODUCED,
  },
  {
    name: 'unregistered',
    test: 'rebuilders.test.ts',
    tries: 'a file that no release claims, under the name of one',
    contained: '`--release` binds the verdict to what that release claims',
    reported: 'unknown-file, exit code 1',
  },
];

export const WITNESSES: readonly NamedAttack[] = [
  {
    name: 'lying-witnesses',
    test: 'witness.test.ts',
    tries:
      'to be down, slow, or endless; to name sizes beyond the log’s or behind it, for ever; to cosign something else, or ahead of time. All at once, one less than a quorum',
    contained: 'each answer has limits and is verified; what one says without proof stops nobody while a quorum says otherwise',
    reported: 'reproduced, exit code 0',
  },
  {
    name: 'lying-witnesses-only',
    test: 'witness.test.ts',
    tries: 'the same, where the policy needs one of them',
    contained: 'their cosignatures are not there',
    reported: INSUFFICIENT,
  },
];

export const NETWORKS: readonly NamedAttack[] = [
  {
    name: 'witness-cut-off',
    test: 'network.test.ts',
    tries: 'to part a log from its witnesses, and to join them again',
    contained: 'nothing is published in between; then everything is, at the index that was promised',
    reported: '503 not-yet-witnessed',
  },
  {
    name: 'log-cut-off',
    test: 'network.test.ts',
    tries: 'to part a client from the log',
    contained: 'deadlines; a bundle does without the log',
    reported: UNAVAILABLE,
  },
];

const NAMED = [...HISTORIES, ...REBUILDERS, ...PUBLISHERS, ...WITNESSES, ...NETWORKS];

/** What the attack of this name must be reported as. */
export function reportOf(name: string): string {
  const row = NAMED.find((each) => each.name === name);
  if (row === undefined) throw new Error(`expected an attack of the tables, found ${name}`);
  return row.reported;
}
