/** roster: whom the log admits, signed by its admin key (DESIGN §3.2). It governs admission; votes come from policies alone. */
import { StatementError } from './errors.ts';
import { keyidOfVkey, statementKey, vkeyText } from './keyid.ts';
import { array, distinct, integer, nullable, object, oneOf, tagged, where, type Infer } from './schema.ts';
import { isPublisherScope, isRegistrarScope, publisherScope, registrarScope } from './scope.ts';
import { code, printable, sha256Hex } from './text.ts';
import { MAX_SIGNATURES, PREDICATE, ROLES, STATEMENT_TYPE } from './vocabulary.ts';

const MAX_SCOPES = 64;

const enrol = object({
  action: oneOf('enrol'),
  role: oneOf(...ROLES),
  vkey: vkeyText,
  /** Who runs or owns the key: one operator, one vote in people's policies. */
  operator: printable(128),
  /** Purl prefixes (publisher), purl types (registrar), nothing (rebuilder). */
  scope: array(
    (value, at) => (typeof value === 'string' && isRegistrarScope(value) ? registrarScope(value, at) : publisherScope(value, at)),
    0,
    MAX_SCOPES,
  ),
  /** Signatures of the group that a release needs. 1 without a group. */
  threshold: integer(1, MAX_SIGNATURES),
  /** Publishers of one group have the same scope and threshold. */
  group: nullable(code),
});
export type Enrolment = Infer<typeof enrol>;

const revoke = object({
  action: oneOf('revoke'),
  role: oneOf(...ROLES),
  vkey: vkeyText,
  reason: printable(256),
  /** Entry index from which the key's matches no longer count (DESIGN §3.4); null when it was not compromised. */
  compromisedSince: nullable(integer(0, Number.MAX_SAFE_INTEGER)),
});
export type Revocation = Infer<typeof revoke>;

const shape = object({
  _type: oneOf(STATEMENT_TYPE),
  predicateType: oneOf(PREDICATE.roster),
  /** The key: its vkey name and its keyid. */
  subject: array(object({ name: printable(255), digest: object({ sha256: sha256Hex }) }), 1, 1),
  predicate: tagged('action', { enrol, revoke }),
});
export type RosterStatement = Infer<typeof shape>;

function inconsistent(at: string, message: string): StatementError {
  return new StatementError('inconsistent', at, message);
}

function checkEnrolment({ role, scope, threshold, group }: Enrolment): void {
  distinct(scope, (prefix) => prefix, 'predicate.scope');
  if (role === 'rebuilder' && scope.length > 0)
    throw inconsistent('predicate.scope', `expected none for a rebuilder, found ${scope.length}`);
  if (role !== 'rebuilder' && scope.length === 0) throw inconsistent('predicate.scope', `expected at least one for a ${role}, found none`);
  const fits = role === 'publisher' ? isPublisherScope : isRegistrarScope;
  const other = role === 'rebuilder' ? undefined : scope.find((prefix) => !fits(prefix));
  if (other !== undefined) {
    const expected = role === 'publisher' ? 'names or namespaces below a type' : 'whole types (pkg:npm/)';
    throw inconsistent('predicate.scope', `expected ${expected} for a ${role}, found ${JSON.stringify(other)}`);
  }
  if (group !== null && role !== 'publisher')
    throw inconsistent('predicate.group', `expected null for a ${role}, found ${JSON.stringify(group)}`);
  if (group === null && threshold !== 1) throw inconsistent('predicate.threshold', `expected 1 without a group, found ${threshold}`);
}

export const rosterSchema = where(shape, ({ subject, predicate }) => {
  const [{ name, digest }] = subject as unknown as readonly [(typeof subject)[number]];
  const key = statementKey(predicate.vkey);
  const keyid = keyidOfVkey(key);
  if (name !== key.name)
    throw inconsistent('subject[0].name', `expected the key’s name ${JSON.stringify(key.name)}, found ${JSON.stringify(name)}`);
  if (digest.sha256 !== keyid) throw inconsistent('subject[0].digest.sha256', `expected the keyid ${keyid}, found ${digest.sha256}`);
  if (predicate.action === 'enrol') checkEnrolment(predicate);
});
