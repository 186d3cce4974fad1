/** in-toto Statement v1: which statements there are, and reading them out of entries. */
import { sha256, toHex } from '@verbatim/tlog';
import { checkControlSigners } from './control-signers.ts';
import { controlSchema, type ControlStatement } from './control.ts';
import { decodeEnvelope, type Envelope } from './envelope.ts';
import { StatementError, show } from './errors.ts';
import { decodeCanonicalJson, encodeCanonicalJson } from './json.ts';
import { observationSchema, type ObservationStatement } from './observation.ts';
import { releaseSchema } from './release-recipe.ts';
import type { ReleaseStatement } from './release.ts';
import { rosterSchema, type RosterStatement } from './roster.ts';
import { refuse, type Check } from './schema.ts';
import { MAX_ENTRY_BYTES, PREDICATE } from './vocabulary.ts';

/** The exact JSON of an entry's payload, discriminated by `predicateType`. */
export type Statement = ReleaseStatement | ObservationStatement | RosterStatement | ControlStatement;

const schemas = new Map<unknown, Check<Statement>>([
  [PREDICATE.release, releaseSchema],
  [PREDICATE.observation, observationSchema],
  [PREDICATE.roster, rosterSchema],
  [PREDICATE.control, controlSchema],
]);

const statementSchema: Check<Statement> = (value, at) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(at, 'a statement', value);
  const type: unknown = (value as { predicateType?: unknown }).predicateType;
  const schema = schemas.get(type);
  if (schema === undefined) {
    throw new StatementError('unknown-predicate', 'predicateType', `expected ${[...schemas.keys()].join(' or ')}, found ${show(type)}`);
  }
  return schema(value, at);
};

/** Canonical payload bytes. Throws as `decodeStatement` would: nothing is signed that cannot be read. */
export function encodeStatement(statement: Statement): Uint8Array {
  const bytes = encodeCanonicalJson(statement);
  decodePayload(bytes);
  return bytes;
}

function decodePayload(payload: Uint8Array): Statement {
  return decodeCanonicalJson(payload, MAX_ENTRY_BYTES, 'a statement', statementSchema);
}

/** How many signatures a statement has, and by whom, as far as the statement itself says. Throws StatementError `inconsistent`. */
export function checkSigners(statement: Statement, envelope: Envelope): void {
  if (statement.predicateType === PREDICATE.control) return checkControlSigners(statement, envelope);
  const { signatures } = envelope;
  const byPublishers = statement.predicateType === PREDICATE.release && statement.predicate.claim.kind === 'publisher';
  if (!byPublishers && signatures.length !== 1) {
    throw new StatementError('inconsistent', 'signatures', `expected one signature, found ${signatures.length}`);
  }
  if (statement.predicateType !== PREDICATE.observation) return;
  const { rebuilder } = statement.predicate;
  if (signatures[0]!.keyid !== rebuilder) {
    throw new StatementError('inconsistent', 'signatures[0].keyid', `expected the rebuilder ${rebuilder}, found ${signatures[0]!.keyid}`);
  }
}

/**
 * The statement in an envelope, well formed and free of contradictions. Signatures are not verified.
 * Throws StatementError `not-json`, `bad-schema`, `not-canonical`, `unknown-predicate`, `inconsistent` or `wrong-recipe`.
 */
export function decodeStatement(envelope: Envelope): Statement {
  const statement = decodePayload(envelope.payload);
  checkSigners(statement, envelope);
  return statement;
}

export interface DecodedEntry {
  readonly envelope: Envelope;
  readonly statement: Statement;
  /** Hex SHA-256 of the payload: what was said, whoever signed it (DESIGN §3.6, idempotency). */
  readonly payloadDigest: string;
}

/** `decodeEnvelope`, then `decodeStatement`. */
export function decodeEntry(bytes: Uint8Array): DecodedEntry {
  const envelope = decodeEnvelope(bytes);
  let payloadDigest: string | undefined;
  return {
    envelope,
    statement: decodeStatement(envelope),
    // Made when asked for: a reader that only counts has no use for it.
    get payloadDigest(): string {
      return (payloadDigest ??= toHex(sha256(envelope.payload)));
    },
  };
}
