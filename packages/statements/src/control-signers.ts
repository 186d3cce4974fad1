/** Who signs a control statement, as far as the statement itself says. Which key is the log's root at an index, its history says. */
import type { ControlStatement } from './control.ts';
import type { Envelope } from './envelope.ts';
import { StatementError } from './errors.ts';
import { keyidOfVkey, statementKey } from './keyid.ts';

/** keyids that must be among the signers; a rotation has one signer beside its new key, every other statement one alone. */
function named({ predicate }: ControlStatement): string[] {
  if (predicate.action === 'genesis') return [keyidOfVkey(statementKey(predicate.root))];
  if (predicate.action !== 'rotate') return [];
  const added = keyidOfVkey(statementKey(predicate.vkey));
  return predicate.key === 'root' ? [keyidOfVkey(statementKey(predicate.old)), added] : [added];
}

/** Throws `inconsistent` for another number of signatures than the action has, or none by a key that it names. */
export function checkControlSigners(statement: ControlStatement, { signatures }: Envelope): void {
  const { action } = statement.predicate;
  const count = action === 'rotate' ? 2 : 1;
  if (signatures.length !== count) {
    const expected = action === 'rotate' ? 'two signatures, by the root key and by the new key' : 'one signature';
    throw new StatementError('inconsistent', 'signatures', `expected ${expected}, found ${signatures.length}`);
  }
  const missing = named(statement).find((keyid) => !signatures.some((signature) => signature.keyid === keyid));
  if (missing !== undefined) throw new StatementError('inconsistent', 'signatures', `expected one by ${missing}, found none`);
}

/** The keyid that speaks for the log in a control statement: the root's, but in an index root the log's. Checked as above. */
export function authorityOf({ predicate }: ControlStatement, { signatures }: Envelope): string {
  const added = predicate.action === 'rotate' ? keyidOfVkey(statementKey(predicate.vkey)) : null;
  return signatures.find(({ keyid }) => keyid !== added)!.keyid;
}
