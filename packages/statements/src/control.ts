/** control: what the log says about itself (DESIGN §3.2, §3.5), each but the index root signed by its offline root key. */
import { bytesEqual, sha256, toHex, utf8Encode } from '@verbatim/tlog';
import { StatementError } from './errors.ts';
import { statementKey, vkeyText } from './keyid.ts';
import { array, distinct, integer, nullable, object, oneOf, tagged, where, type Infer } from './schema.ts';
import { logUrl, origin, printable, sha256Hex } from './text.ts';
import { MAX_ATTEMPT, MAX_SIGNATURES, PREDICATE, STATEMENT_TYPE } from './vocabulary.ts';

const size = integer(0, Number.MAX_SAFE_INTEGER);
const predecessor = object({ origin, size: integer(1, Number.MAX_SAFE_INTEGER), root: sha256Hex });

const predicate = tagged('action', {
  /**
   * Who may speak for the log: `root` signs control statements, `admin` the roster. Entry 0; in a log that goes on from another, the entry after
   * the `size` entries that both have, whose tree has `root` (hex).
   */
  genesis: object({ action: oneOf('genesis'), origin, root: vkeyText, admin: vkeyText, predecessor: nullable(predecessor) }),
  /** From here on nothing is admitted but `rotate` and `successor`. */
  freeze: object({ action: oneOf('freeze'), origin, reason: printable(256) }),
  /**
   * Another log goes on from this entry's index, `size`, where this log's tree has `root` (hex). `vkey` is the other log's key, its name the other
   * origin; `rootVkey` signs the other genesis. Freezes this log.
   */
  successor: object({ action: oneOf('successor'), origin, vkey: vkeyText, rootVkey: vkeyText, size, root: sha256Hex, url: logUrl }),
  /** A key of this log is replaced: `vkey` signs too, in proof that somebody holds it. */
  rotate: object({ action: oneOf('rotate'), origin, key: oneOf('log', 'root', 'admin'), old: vkeyText, vkey: vkeyText }),
  /** What is admitted from here on, in place of any earlier such statement. */
  admission: object({
    action: oneOf('admission'),
    origin,
    /** Whose releases: any of these, in this order. None ends the registration of releases. */
    claims: where(array(oneOf('publisher', 'registrar'), 0, 2), (claims, at) => {
      distinct(claims, (claim) => claim, at);
      if (claims[0] === 'registrar' && claims.length > 1) throw new StatementError('bad-schema', at, 'expected publisher before registrar');
    }),
    /** Most attempts of one key at one artifact of one release. */
    attempts: integer(1, MAX_ATTEMPT),
    /** Fewest publishers that approve a publisher's release, whatever its group demands. */
    approvals: integer(1, MAX_SIGNATURES),
  }),
  /** Root (hex) of the verifiable index over entries 0…size−1. Signed by the log's key. */
  'index-root': object({ action: oneOf('index-root'), origin, size, root: sha256Hex }),
});
export type ControlPredicate = Infer<typeof predicate>;
/** What one action says. */
export type ControlAction<A extends ControlPredicate['action']> = Extract<ControlPredicate, { readonly action: A }>;

const shape = object({
  _type: oneOf(STATEMENT_TYPE),
  predicateType: oneOf(PREDICATE.control),
  /** The log: its origin, and the SHA-256 of it. */
  subject: array(object({ name: origin, digest: object({ sha256: sha256Hex }) }), 1, 1),
  predicate,
});
export type ControlStatement = Infer<typeof shape>;

/** The digest that stands for a log: SHA-256 of its origin, 64 hex digits. */
export const originDigest = (text: string): string => toHex(sha256(utf8Encode(text)));

function inconsistent(at: string, message: string): StatementError {
  return new StatementError('inconsistent', at, message);
}

/** A key under another name is the same key. */
function isSameKey(a: string, b: string): boolean {
  return bytesEqual(statementKey(a).publicKey, statementKey(b).publicKey);
}

function checkGenesis({ origin: own, root, admin, predecessor: before }: ControlAction<'genesis'>): void {
  if (isSameKey(root, admin))
    throw inconsistent('predicate.admin', 'expected another key than the root key: the admin key is online, the root key is not');
  if (before?.origin === own) throw inconsistent('predicate.predecessor.origin', 'expected a log of another origin');
}

function checkSuccessor({ origin: own, vkey, rootVkey }: ControlAction<'successor'>): void {
  if (statementKey(vkey).name === own) throw inconsistent('predicate.vkey', 'expected a log of another origin');
  if (isSameKey(vkey, rootVkey))
    throw inconsistent('predicate.rootVkey', 'expected another key than the log key: the log key is online, the root key is not');
}

function checkRotate({ origin: own, key, old, vkey }: ControlAction<'rotate'>): void {
  if (isSameKey(old, vkey)) throw inconsistent('predicate.vkey', 'expected another key than the old one');
  if (key !== 'log') return;
  // A checkpoint's key is named like its origin (C2SP tlog-checkpoint).
  for (const [field, text] of Object.entries({ old, vkey })) {
    const { name } = statementKey(text);
    if (name !== own)
      throw inconsistent(`predicate.${field}`, `expected a key named ${JSON.stringify(own)}, found ${JSON.stringify(name)}`);
  }
}

export const controlSchema = where(shape, ({ subject, predicate: said }) => {
  const [{ name, digest }] = subject as unknown as readonly [(typeof subject)[number]];
  if (name !== said.origin)
    throw inconsistent('subject[0].name', `expected the origin ${JSON.stringify(said.origin)}, found ${JSON.stringify(name)}`);
  const expected = originDigest(said.origin);
  if (digest.sha256 !== expected) throw inconsistent('subject[0].digest.sha256', `expected ${expected}, found ${digest.sha256}`);
  if (said.action === 'genesis') checkGenesis(said);
  if (said.action === 'successor') checkSuccessor(said);
  if (said.action === 'rotate') checkRotate(said);
});
