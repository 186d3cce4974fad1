/** Every identifier and limit of the format, in one place. URIs are names: nothing ever fetches them. */

/** DSSE payload type of in-toto statements. */
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
export const PREDICATE = {
  release: 'urn:verbatim:release:v1',
  observation: 'urn:verbatim:observation:v1',
  roster: 'urn:verbatim:roster:v1',
  control: 'urn:verbatim:control:v1',
} as const;
/** SLSA provenance of a rebuild: a blob named by an observation, not an entry. */
export const SLSA_PROVENANCE = 'https://slsa.dev/provenance/v1';
/** `buildType` of SLSA provenance, for a recipe kind and version. */
export const buildTypeOf = (kind: string, version: number): string => `urn:verbatim:recipe:${kind}:v${version}`;
/** `builder.id` of SLSA provenance. */
export const builderIdOf = (keyid: string): string => `urn:verbatim:rebuilder:${keyid}`;

/** One entry of the log (DESIGN §3.2), in bytes. */
export const MAX_ENTRY_BYTES = 16_384;
export const MAX_SIGNATURES = 8;
/** Attempts of one key at one artifact of one release. */
export const MAX_ATTEMPT = 1_000_000;
/** Artifacts of one release statement; a larger release is several, "i of n". */
export const MAX_ARTIFACTS = 16;
export const MAX_PARTS = 256;
/** A recipe of at most so many canonical bytes stands in the release itself; a larger one is a blob. */
export const MAX_INLINE_RECIPE = 2048;
/** One blob, in bytes (DESIGN §3.2). */
export const MAX_BLOB_BYTES = 8 * 1024 * 1024;
/**
 * A recipe, in canonical bytes: several times what real ones take (a Go main module with 150 requirements: 35 KB). A log parses the recipes of whoever may register releases on
 * its one event loop, up to 256 in a request, and 8 MiB of hostile JSON (what a blob may have) take it seconds.
 */
export const MAX_RECIPE_BYTES = 256 * 1024;

/** What one rebuild came to (DESIGN §3.3). */
export const RESULTS = ['match', 'differ', 'built', 'build-failed', 'input-unavailable', 'infrastructure', 'timeout', 'skipped'] as const;
export type Result = (typeof RESULTS)[number];
/** Results that answer whether the bytes are the same: only these are counted (DESIGN §3.4). */
export const CONCLUSIVE_RESULTS: readonly Result[] = ['match', 'differ', 'built'];
export const isConclusive = (result: Result): boolean => CONCLUSIVE_RESULTS.includes(result);
/** Reason of `input-unavailable` when what the coordinate served is not what the release claims. */
export const CLAIM_MISMATCH = 'claim-mismatch';

export const ROLES = ['rebuilder', 'publisher', 'registrar'] as const;
export type Role = (typeof ROLES)[number];
export const EVIDENCE_KINDS = ['build-log', 'slsa-provenance', 'difference', 'members'] as const;
export type EvidenceKind = (typeof EVIDENCE_KINDS)[number];
