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

const MISBEHAVIOUR = 'log-misbehaviour, exit code 1';
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
    reported: 'not-reproduced, exit code 1',
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
