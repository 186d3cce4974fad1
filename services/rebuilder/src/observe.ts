import {
  CLAIM_MISMATCH,
  artifactNames,
  claimedDigests,
  makeObservation,
  recipeDigest,
  recipeVcs,
  slsaProvenance,
  type ObservationPredicate,
  type ObservationStatement,
  type Recipe,
  type ReleaseStatement,
  type Result,
} from '@verbatim/statements';
import { sha256, toHex } from '@verbatim/tlog';
import type { Members } from './members.ts';
import type { Evidence } from './store/outbox.ts';
import type { WorkerFacts } from './worker-protocol.ts';

/** What one rebuild came to, in the terms of DESIGN §3.3: digests, and where there are none a reason. */
export interface Rebuilt {
  readonly result: Result;
  readonly reason: string | null;
  /** Hex SHA-256 of what the coordinate served; null when nothing came. */
  readonly received: string | null;
  /** Hex SHA-256 of the output. */
  readonly observed: string | null;
  /** Of an output that is a Go module's zip. */
  readonly h1?: string;
  /** Of an output that is a container. */
  readonly members?: Members | null;
  readonly facts: WorkerFacts;
  readonly log: Uint8Array | null;
  /** Why it differs, as far as that was found out. */
  readonly difference?: Uint8Array | null;
}

/** Whose observation, of what. */
export interface ObservationContext {
  readonly origin: string;
  readonly rebuilder: string;
  /** Host platform. */
  readonly host: string;
  readonly releaseIndex: bigint;
  readonly leafHash: Uint8Array;
  readonly release: ReleaseStatement;
  readonly artifact: string;
  readonly attempt: number;
  /** null when it could not be had. */
  readonly recipe: Recipe | null;
  readonly started: Date;
  readonly finished: Date;
}

/** Where the outcome is decided, from digests alone. */
export function resultOf(claimed: string | null, observed: string): 'match' | 'differ' | 'built' {
  if (claimed === null) return 'built';
  return observed === claimed ? 'match' : 'differ';
}

/** The result when what came is not what the release claims; null when it is. SHA-256 decides; SHA-512 must not contradict it. */
export function claimMismatch(
  claimed: { readonly sha256: string; readonly sha512: string },
  received: { readonly sha256: string; readonly sha512: string },
): string | null {
  if (received.sha256 !== claimed.sha256) return CLAIM_MISMATCH;
  return received.sha512 === claimed.sha512 ? null : 'sha512-mismatch';
}

export function targetOf(release: ReleaseStatement, artifact: string): string {
  const { artifacts, unpublished = [] } = release.predicate;
  const found = [...artifacts, ...unpublished].find(({ name }) => name === artifact);
  if (found === undefined) throw new Error(`the release lists ${artifactNames(release).join(', ')}, not ${artifact}`);
  return found.target;
}

/** The statement to sign, and the blobs that it names. Pure: the times and everything else come with the context. */
export function observationOf(context: ObservationContext, rebuilt: Rebuilt): { statement: ObservationStatement; evidence: Evidence[] } {
  const { release, artifact, recipe, started } = context;
  // A clock set back in between must not cost us the observation.
  const finished = context.finished < started ? started : context.finished;
  const claimed = claimedDigests(release, artifact);
  const common = {
    log: context.origin,
    release: { index: Number(context.releaseIndex), leafHash: toHex(context.leafHash) },
    artifact,
    rebuilder: context.rebuilder,
    attempt: context.attempt,
    platform: { host: context.host, target: targetOf(release, artifact) },
    toolchain: rebuilt.facts.toolchain,
    sandbox: rebuilt.facts.sandbox ?? NO_SANDBOX,
    started: toSeconds(started),
    finished: toSeconds(finished),
    vcs: vcsOf(recipe, rebuilt.facts.origin),
  };
  const evidence: (Evidence & { kind: ObservationPredicate['evidence'][number]['kind'] })[] = [];
  if (rebuilt.log !== null && rebuilt.log.length > 0) evidence.push({ kind: 'build-log', ...blobOf(rebuilt.log) });
  if (rebuilt.observed !== null && recipe !== null) {
    const provenance = slsaProvenance({ ...common, purl: release.predicate.purl, observed: { sha256: rebuilt.observed }, recipe });
    evidence.push({ kind: 'slsa-provenance', ...blobOf(provenance) });
  }
  if (rebuilt.members?.list) evidence.push({ kind: 'members', ...blobOf(rebuilt.members.list) });
  if (rebuilt.difference) evidence.push({ kind: 'difference', ...blobOf(rebuilt.difference) });
  const statement = makeObservation({
    ...common,
    result: rebuilt.result,
    reason: rebuilt.reason,
    claimed: digest(claimed?.sha256 ?? null),
    received: digest(rebuilt.received),
    observed: observedOf(rebuilt),
    recipe: { sha256: recipe === null ? release.predicate.recipe.sha256 : recipeDigest(recipe) },
    evidence: evidence.map(({ kind, sha256, bytes }) => ({ kind, sha256, size: bytes.length })),
  });
  return { statement, evidence: evidence.map(({ sha256, bytes }) => ({ sha256, bytes })) };
}

function observedOf({ observed, h1, members }: Rebuilt): ObservationPredicate['observed'] {
  if (observed === null) return null;
  const container = members ? { members: { root: members.root, size: members.size } } : {};
  return { sha256: observed, ...(h1 === undefined ? {} : { h1 }), ...container };
}

const NO_SANDBOX = { executor: 'none', version: '0', network: 'none', limits: 'none' } as const;

function digest(hex: string | null): { sha256: string } | null {
  return hex === null ? null : { sha256: hex };
}

function blobOf(bytes: Uint8Array): Evidence {
  return { sha256: toHex(sha256(bytes)), bytes };
}

/** The stamp with what this node itself found of it: where the recipe has it from is the registrar's word. */
function vcsOf(recipe: Recipe | null, origin: WorkerFacts['origin']): ObservationPredicate['vcs'] {
  const stamp = recipe === null ? null : recipeVcs(recipe);
  if (stamp === null) return null;
  const { revision, time, tag } = stamp;
  if (origin?.revision !== revision) return { revision, time, provenance: 'adopted' };
  const facts = { revision: true, time: origin.time === time, tag: tag !== null && origin.ref === `refs/tags/${tag}` };
  const confirmed = (['revision', 'time', 'tag'] as const).filter((fact) => facts[fact]);
  return { revision, time, provenance: 'confirmed', confirmed };
}

/** `YYYY-MM-DDTHH:MM:SSZ`. */
function toSeconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
