import { hash } from 'node:crypto';
import { decodeEnvelope, decodeStatement, preAuthEncoding, PREDICATE, recipeOf, StatementError } from '@verbatim/statements';
import type { Candidate } from './candidate.ts';
import { type Refusal, refuse } from './refusal.ts';
import { findSigners } from './signers.ts';
import type { AdmissionView } from './view.ts';

export interface PrepareOptions {
  readonly view: AdmissionView;
  /** Verification off the event loop (DESIGN §3.2). */
  readonly verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => Promise<boolean>;
  /** A stored blob, or null. */
  readonly readBlob: (sha256: string) => Promise<Uint8Array | null>;
}

export type Prepared =
  | { readonly kind: 'candidate'; readonly candidate: Candidate }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/**
 * Everything about an entry that can be judged before its turn comes: form, signatures, and whether a recipe that is a blob is one. What depends
 * on the state of the log is judged again, or only, in the sequencing transaction (`admit`).
 */
export async function prepare(bytes: Uint8Array, { view, verify, readBlob }: PrepareOptions): Promise<Prepared> {
  const decoded = decode(bytes);
  if ('code' in decoded) return { kind: 'refused', refusal: decoded };
  const candidate = { ...decoded, recipeChecked: true };
  const signers = findSigners(candidate, view);
  if (signers.kind === 'refuse') return { kind: 'refused', refusal: signers.refusal };
  const { envelope } = candidate;
  const message = preAuthEncoding(envelope.payloadType, envelope.payload);
  const verdicts = await Promise.all(signers.keys.map(({ publicKey }, i) => verify(publicKey, message, envelope.signatures[i]!.sig)));
  const forged = verdicts.indexOf(false);
  if (forged >= 0) {
    const { keyid } = envelope.signatures[forged]!;
    return {
      kind: 'refused',
      refusal: refuse(
        'bad-signature',
        `Expected an Ed25519 signature by ${keyid} over the DSSE v1 pre-authentication encoding of the payload; the one given does not verify. Sign these exact bytes with that key.`,
      ),
    };
  }
  const recipe = await checkRecipeBlob(candidate, view, readBlob);
  if (typeof recipe === 'object') return { kind: 'refused', refusal: recipe };
  return { kind: 'candidate', candidate: { ...candidate, recipeChecked: recipe === 'fits' } };
}

function decode(bytes: Uint8Array): Omit<Candidate, 'recipeChecked'> | Refusal {
  try {
    const envelope = decodeEnvelope(bytes);
    // OpenSSL's SHA-256: this is the hot path, and `decodeEntry`'s is JavaScript.
    return { entry: bytes, envelope, statement: decodeStatement(envelope), payloadDigest: hash('sha256', envelope.payload, 'hex') };
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    if (error.code === 'too-large') return refuse('too-large', sentence(error));
    return refuse('malformed', `${sentence(error)} (${error.code})`);
  }
}

/**
 * An inline recipe was checked when the statement was decoded; one that is a blob is held to the same. Absence and another size are `admit`'s to
 * refuse, and no reason to read the blob: a batch may name 256.
 */
async function checkRecipeBlob(
  { statement }: Candidate,
  view: AdmissionView,
  readBlob: PrepareOptions['readBlob'],
): Promise<Refusal | 'fits' | 'absent'> {
  if (statement.predicateType !== PREDICATE.release || statement.predicate.recipe.inline !== undefined) return 'fits';
  const { sha256, size } = statement.predicate.recipe;
  const blob = view.blobSize(sha256) === size ? await readBlob(sha256) : null;
  if (blob === null) return 'absent';
  try {
    recipeOf(statement, new Map([[sha256, blob]]));
    return 'fits';
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    return refuse(
      'wrong-recipe',
      `${sentence(error)} The blob ${sha256} is not the recipe of this release; store the right one and name its digest.`,
    );
  }
}

function sentence(error: StatementError): string {
  const { message } = error;
  return message.endsWith('.') ? message : `${message}.`;
}
