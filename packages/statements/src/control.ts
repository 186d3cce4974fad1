/** control: what the log says about itself (DESIGN §3.2, §3.5). `genesis` is entry 0; a log refuses those it does not handle. */
import { bytesEqual, sha256, toHex, utf8Encode } from '@verbatim/tlog';
import { StatementError } from './errors.ts';
import { statementKey, vkeyText } from './keyid.ts';
import { array, integer, object, oneOf, tagged, where, type Infer } from './schema.ts';
import { origin, printable, sha256Hex } from './text.ts';
import { PREDICATE, STATEMENT_TYPE } from './vocabulary.ts';

const size = integer(0, Number.MAX_SAFE_INTEGER);

const predicate = tagged('action', {
  /** Who may speak for the log: `root` signs control statements, `admin` signs the roster. */
  genesis: object({ action: oneOf('genesis'), origin, root: vkeyText, admin: vkeyText }),
  /** No more entries. */
  freeze: object({ action: oneOf('freeze'), origin, reason: printable(256) }),
  /** Another log goes on from `size` and `root` (hex) of this one. */
  successor: object({ action: oneOf('successor'), origin, vkey: vkeyText, size, root: sha256Hex }),
  /** A key of this log is replaced. */
  rotate: object({ action: oneOf('rotate'), origin, key: oneOf('log', 'root', 'admin'), old: vkeyText, vkey: vkeyText }),
  /** Root (hex) of the verifiable index over entries 0…size−1. */
  'index-root': object({ action: oneOf('index-root'), origin, size, root: sha256Hex }),
});
export type ControlPredicate = Infer<typeof predicate>;

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

export const controlSchema = where(shape, ({ subject, predicate: said }) => {
  const [{ name, digest }] = subject as unknown as readonly [(typeof subject)[number]];
  if (name !== said.origin)
    throw inconsistent('subject[0].name', `expected the origin ${JSON.stringify(said.origin)}, found ${JSON.stringify(name)}`);
  const expected = originDigest(said.origin);
  if (digest.sha256 !== expected) throw inconsistent('subject[0].digest.sha256', `expected ${expected}, found ${digest.sha256}`);
  if (said.action === 'genesis' && isSameKey(said.root, said.admin)) {
    throw inconsistent('predicate.admin', 'expected another key than the root key: the admin key is online, the root key is not');
  }
  if (said.action === 'rotate' && isSameKey(said.old, said.vkey))
    throw inconsistent('predicate.vkey', 'expected another key than the old one');
  if (said.action === 'successor' && statementKey(said.vkey).name === said.origin) {
    throw inconsistent('predicate.vkey', 'expected a log of another origin');
  }
});
