/** Transparency log formats and proofs, pure. See each file for the C2SP specification it implements. */
export { CodedError } from './coded-error.ts';
export { TlogError, type TlogErrorCode } from './errors.ts';
export { bytesEqual, concatBytes, fromBase64, fromHex, sha256, toBase64, toHex, utf8Decode, utf8Encode } from './bytes.ts';
export { MAX_SIZE, parseDecimal } from './decimal.ts';
export { EMPTY_ROOT, HASH_BYTES, hashLeaf, hashNode, type Hash } from './hashing.ts';
export { compactRangeNodes, splitPoint, type NodeId } from './nodes.ts';
export { CompactRange } from './compact-range.ts';
export { planConsistency, planInclusion, planSubtreeConsistency, type ProofPlan } from './proof-plan.ts';
export {
  MAX_PROOF_HASHES,
  rootBefore,
  rootFromInclusion,
  verifyConsistency,
  verifyGrowth,
  verifyInclusion,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
} from './verify-proof.ts';
export { MAX_NAME_BYTES, isKeyName } from './text.ts';
export { checkPublicKey, verifyEd25519Pure, type Ed25519Verify } from './ed25519.ts';
export { ML_DSA_PUBLIC_KEY_BYTES, ML_DSA_SIGNATURE_BYTES, type MlDsaSigner, type MlDsaVerify } from './ml-dsa.ts';
export { canVerify, type NoteVerify } from './note-verify.ts';
export {
  KEY_TYPE_COSIGNATURE,
  KEY_TYPE_ED25519,
  KEY_TYPE_ML_DSA,
  computeKeyId,
  formatKeyId,
  formatVkey,
  parseVkey,
  type VerifierKey,
} from './vkey.ts';
export {
  MAX_NOTE_BYTES,
  MAX_NOTE_SIGNATURES,
  formatNote,
  formatSignatureLine,
  parseNote,
  parseSignatureLines,
  type Note,
  type NoteSignature,
} from './note.ts';
export { greaseLines, isGrease } from './grease.ts';
export { signNote, type Signer } from './sign-note.ts';
export { openCheckpoint, openNote, type OpenedNote } from './open-note.ts';
export { formatCheckpoint, parseCheckpoint, type Checkpoint } from './checkpoint.ts';
export { cosign, verifyCosignature } from './cosignature.ts';
export { TILE_WIDTH, entriesPath, parseTilePath, tilePath, type TilePath } from './tile-path.ts';
export { tileCoordinates, tileWidth, type TileCoordinates } from './tile.ts';
export { MAX_BUNDLE_ENTRY_BYTES, decodeBundle, encodeBundle } from './entry-bundle.ts';
export { formatAddCheckpoint, parseAddCheckpoint, type AddCheckpoint } from './add-checkpoint.ts';
export { readSubmission, type Submission, type TrustedLogs } from './submission.ts';
export { contradicts, judgeSubmission, type TreeHead } from './judge-submission.ts';
export { type Conflict, type Refusal, type RefusalCode } from './refusal.ts';
export {
  AddEntriesReader,
  formatAddEntriesHeader,
  formatEntryPackage,
  packageRanges,
  type AddEntriesHeader,
  type EntryPackage,
  type PackageRange,
} from './add-entries.ts';
export { formatMirrorInfo, parseMirrorInfo, type MirrorInfo } from './mirror-info.ts';
export { MAX_EXTRA_BYTES, formatTlogProof, parseTlogProof, type TlogProof } from './tlog-proof.ts';
export { MAX_POLICY_BYTES, PolicyLineError, expectFields, tokenizePolicy, type PolicyLine } from './policy-lines.ts';
export {
  formatTlogPolicy,
  parsePolicyLines,
  parseTlogPolicy,
  quorumSatisfied,
  type PolicyGroup,
  type PolicyKeywordHandler,
  type PolicyLog,
  type PolicyWitness,
  type TlogPolicy,
} from './tlog-policy.ts';
