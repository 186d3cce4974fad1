/** Valid statements, complete by default; say only what the test is about. */
import {
  CLAIM_MISMATCH,
  claimedDigests,
  isConclusive,
  keyidOf,
  makeControl,
  makeObservation,
  makeRelease,
  makeRoster,
  recipeToolchains,
  type ControlStatement,
  type Enrolment,
  type ObservationPredicate,
  type ObservationStatement,
  type ReleaseStatement,
  type Result,
  type Revocation,
  type RosterStatement,
} from '@verbatim/statements';
import { sha256, toHex, utf8Encode, type Signer } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { TEST_TIME } from './clock.ts';
import { testSigner, testVkey } from './keys.ts';
import { aGoRecipe, anArtifact, testH1 } from './recipes.ts';

type ReleaseParts = Parameters<typeof makeRelease>[0];

/** A registrar's release of one esbuild binary. The recipe's outputs follow the artifacts unless a recipe is given. */
export function aRelease(overrides: Partial<ReleaseParts> = {}): ReleaseStatement {
  const artifacts = overrides.artifacts ?? [anArtifact()];
  const outputs = [...artifacts, ...(overrides.unpublished ?? [])].map(({ name, target }) => {
    const [goos = '', goarch = ''] = target.split('/');
    return { artifact: name, goos, goarch, env: {} };
  });
  const recipe = overrides.recipe ?? aGoRecipe({ outputs });
  return makeRelease({
    purl: 'pkg:npm/esbuild@0.25.0',
    part: { index: 1, of: 1 },
    claim: {
      kind: 'registrar',
      retrieved: [...new Set(artifacts.map(({ coordinate }) => coordinate))].map((uri) => ({ uri, at: TEST_TIME })),
    },
    toolchain: recipeToolchains(recipe),
    ...overrides,
    artifacts,
    recipe,
  });
}

/** What an observation is about. */
export interface Observed {
  readonly origin: string;
  readonly release: ReleaseStatement;
  readonly index: number | bigint;
  readonly leafHash: Uint8Array;
  readonly rebuilder: Signer;
  /** The release's first artifact when left out. */
  readonly artifact?: string;
}

const hexOf = (text: string): { sha256: string } => ({ sha256: toHex(sha256(utf8Encode(text))) });

/** The digests and reason that go with a result. */
function digestsFor(
  result: Result,
  claimed: { sha256: string } | null,
): Pick<ObservationPredicate, 'claimed' | 'received' | 'observed' | 'reason'> {
  if (result === 'match') return { claimed, received: claimed, observed: claimed, reason: null };
  if (result === 'differ') return { claimed, received: claimed, observed: hexOf('other bytes'), reason: null };
  if (result === 'built') return { claimed: null, received: null, observed: hexOf('built bytes'), reason: null };
  if (result === 'input-unavailable')
    return { claimed, received: claimed && hexOf('something else'), observed: null, reason: claimed ? CLAIM_MISMATCH : 'source-gone' };
  return { claimed, received: claimed, observed: null, reason: `${result}-in-test` };
}

/** An observation by `rebuilder`; a match of the first attempt by default. */
export function anObservation(about: Observed, overrides: Partial<ObservationPredicate> = {}): ObservationStatement {
  const { release, rebuilder } = about;
  const all = [...release.predicate.artifacts, ...(release.predicate.unpublished ?? [])];
  const artifact = overrides.artifact ?? about.artifact ?? all[0]!.name;
  const digests = claimedDigests(release, artifact);
  const result = overrides.result ?? (digests === null ? 'built' : 'match');
  return makeObservation({
    log: about.origin,
    release: { index: Number(about.index), leafHash: toHex(about.leafHash) },
    artifact,
    rebuilder: keyidOf(rebuilder.name, rebuilder.publicKey),
    attempt: 1,
    result,
    ...digestsFor(result, digests && { sha256: digests.sha256 }),
    recipe: { sha256: release.predicate.recipe.sha256 },
    platform: { host: 'linux/amd64', target: all.find(({ name }) => name === artifact)?.target ?? 'linux/amd64' },
    toolchain: [{ name: 'go', version: 'go1.23.5', host: 'linux/amd64', digest: testH1('go1.23.5') }],
    sandbox: isConclusive(result)
      ? { executor: 'bubblewrap', version: '0.8.0', network: 'none', limits: 'cgroup-v2' }
      : { executor: 'none', version: '0', network: 'none', limits: 'none' },
    started: TEST_TIME,
    finished: TEST_TIME,
    vcs: null,
    evidence: [],
    ...overrides,
  });
}

/** Enrols `signer`; a rebuilder by default. */
export function anEnrolment(signer: Signer, overrides: Partial<Enrolment> = {}): RosterStatement {
  const scope =
    overrides.role === 'publisher' ? ['pkg:npm/esbuild', 'pkg:npm/%40esbuild/'] : overrides.role === 'registrar' ? ['pkg:npm/'] : [];
  return makeRoster({
    action: 'enrol',
    role: 'rebuilder',
    vkey: vkeyOf(signer),
    operator: `operator of ${signer.name}`,
    scope,
    threshold: 1,
    group: null,
    ...overrides,
  });
}

export function aRevocation(signer: Signer, overrides: Partial<Revocation> = {}): RosterStatement {
  return makeRoster({
    action: 'revoke',
    role: 'rebuilder',
    vkey: vkeyOf(signer),
    reason: 'key lost',
    compromisedSince: null,
    ...overrides,
  });
}

export const ROOT = testSigner('test-root');
export const ADMIN = testSigner('test-admin');

/** Entry 0 of a log, to be signed by ROOT. */
export function aGenesis(origin: string): ControlStatement {
  return makeControl({ action: 'genesis', origin, root: testVkey(ROOT.name), admin: testVkey(ADMIN.name), predecessor: null });
}
