/** observation: what one rebuilder received, built and saw, whatever it came to (DESIGN §3.2, §3.3). */
import { StatementError } from './errors.ts';
import { MAX_MEMBERS } from './members.ts';
import { array, distinct, integer, nullable, object, oneOf, where, type Infer } from './schema.ts';
import { code, h1, origin, platform, relativePath, revision, sha256Hex, time, token, toolchainDigest } from './text.ts';
import {
  CLAIM_MISMATCH,
  EVIDENCE_KINDS,
  MAX_ATTEMPT,
  MAX_BLOB_BYTES,
  PREDICATE,
  RESULTS,
  STATEMENT_TYPE,
  isConclusive,
} from './vocabulary.ts';

const MAX_EVIDENCE = 8;
const MAX_TOOLCHAINS = 16;

const digest = object({ sha256: sha256Hex });
const outputDigest = object(
  { sha256: sha256Hex },
  {
    /** Of a Go module's zip: what Go's checksum database has, over names and contents alone. */
    h1,
    /** Of a container: root of the RFC 6962 tree over its entries, and their number (DESIGN §3.12a). */
    members: object({ root: sha256Hex, size: integer(0, MAX_MEMBERS) }),
  },
);

const predicate = object({
  /** Origin of the log that the release entry is in: an observation is worth nothing in another. */
  log: origin,
  release: object({ index: integer(0, Number.MAX_SAFE_INTEGER), leafHash: sha256Hex }),
  artifact: relativePath,
  /** keyid of the key that signs this. */
  rebuilder: sha256Hex,
  /** 1, 2, …: n is admitted only when n − 1 is logged. */
  attempt: integer(1, MAX_ATTEMPT),
  result: oneOf(...RESULTS),
  /** Why, when nothing was observed. */
  reason: nullable(code),
  /** What the release says; what the coordinate served; what was built. */
  claimed: nullable(digest),
  received: nullable(digest),
  observed: nullable(outputDigest),
  recipe: digest,
  platform: object({ host: platform, target: platform }),
  toolchain: array(object({ name: token, version: token, host: platform, digest: toolchainDigest }), 0, MAX_TOOLCHAINS),
  /** `none` where nothing was run. There is no sandbox with a network. */
  sandbox: object({
    executor: oneOf('bubblewrap', 'oci', 'none'),
    version: token,
    network: oneOf('none'),
    limits: oneOf('cgroup-v1', 'cgroup-v2', 'rlimit', 'none'),
  }),
  started: time,
  finished: time,
  /** The stamp that the build was given. */
  vcs: nullable(
    object(
      {
        revision,
        time,
        /** Of the revision: whether the source's ecosystem named it to this rebuilder, or it is adopted from the published file. */
        provenance: oneOf('confirmed', 'adopted'),
      },
      {
        /** All that was confirmed; what is not listed was adopted. */
        confirmed: array(oneOf('revision', 'time', 'tag'), 1, 3),
      },
    ),
  ),
  /** Blobs; they may expire, and never change a verdict. */
  evidence: array(object({ kind: oneOf(...EVIDENCE_KINDS), sha256: sha256Hex, size: integer(1, MAX_BLOB_BYTES) }), 0, MAX_EVIDENCE),
});
export type ObservationPredicate = Infer<typeof predicate>;

const shape = object({
  _type: oneOf(STATEMENT_TYPE),
  predicateType: oneOf(PREDICATE.observation),
  subject: array(object({ name: relativePath, digest }), 1, 1),
  predicate,
});
export type ObservationStatement = Infer<typeof shape>;

function inconsistent(at: string, message: string): StatementError {
  return new StatementError('inconsistent', at, message);
}

/** DESIGN §3.3: a result says no more and no less than its digests. */
function checkResult({ result, reason, claimed, received, observed }: ObservationPredicate): void {
  const expect = (holds: boolean, at: string, expected: string): void => {
    const found = Object.entries({ claimed, received, observed }).map(([name, value]) => `${name} ${value?.sha256 ?? 'null'}`);
    if (!holds)
      throw inconsistent(
        `predicate.${at}`,
        `expected ${expected} with result ${result}, found ${found.join(', ')}, reason ${reason ?? 'null'}`,
      );
  };
  const mismatch = claimed !== null && received !== null && claimed.sha256 !== received.sha256;
  expect(claimed !== null || received === null, 'received', 'null where nothing is claimed');
  expect(mismatch === (reason === CLAIM_MISMATCH), 'reason', `${CLAIM_MISMATCH} exactly when received differs from claimed`);
  expect(!mismatch || result === 'input-unavailable', 'result', 'input-unavailable');
  if (!isConclusive(result)) {
    expect(reason !== null, 'reason', 'a reason');
    expect(observed === null, 'observed', 'null');
    return;
  }
  expect(reason === null, 'reason', 'null');
  expect(observed !== null, 'observed', 'a digest');
  expect((result === 'built') === (claimed === null), 'claimed', result === 'built' ? 'null' : 'a digest');
  expect((result === 'built') === (received === null), 'received', result === 'built' ? 'null' : 'a digest');
  if (result === 'match') expect(observed?.sha256 === claimed?.sha256, 'observed', 'the claimed digest');
  if (result === 'differ') expect(observed?.sha256 !== claimed?.sha256, 'observed', 'a digest other than the claimed one');
}

/**
 * The subject's digest: the strongest thing known of the artifact. Where nothing is known (a failed build of a file that nobody published)
 * the release's leaf hash stands in, because in-toto demands a digest.
 */
export function subjectDigestOf({ observed, received, claimed, release }: ObservationPredicate): string {
  return (observed ?? received ?? claimed)?.sha256 ?? release.leafHash;
}

function checkStamp(vcs: ObservationPredicate['vcs']): void {
  if (vcs?.confirmed === undefined) return;
  distinct(vcs.confirmed, (fact) => fact, 'predicate.vcs.confirmed');
  if (vcs.confirmed.includes('revision') !== (vcs.provenance === 'confirmed'))
    throw inconsistent('predicate.vcs.confirmed', `expected the revision listed exactly when its provenance is confirmed`);
}

export const observationSchema = where(shape, ({ subject, predicate: seen }) => {
  checkResult(seen);
  const [{ name, digest: named }] = subject as unknown as readonly [(typeof subject)[number]];
  if (name !== seen.artifact)
    throw inconsistent('subject[0].name', `expected the artifact ${JSON.stringify(seen.artifact)}, found ${JSON.stringify(name)}`);
  const expected = subjectDigestOf(seen);
  if (named.sha256 !== expected) throw inconsistent('subject[0].digest.sha256', `expected ${expected}, found ${named.sha256}`);
  if (seen.finished < seen.started) throw inconsistent('predicate.finished', `expected ${seen.started} or later, found ${seen.finished}`);
  if (isConclusive(seen.result)) {
    if (seen.toolchain.length === 0) throw inconsistent('predicate.toolchain', 'expected the toolchain that built it, found none');
    if (seen.sandbox.executor === 'none')
      throw inconsistent('predicate.sandbox.executor', 'expected the sandbox that it was built in, found "none"');
  }
  checkStamp(seen.vcs);
  distinct(seen.toolchain, (tool) => `${tool.name} ${tool.host}`, 'predicate.toolchain');
  distinct(seen.evidence, (blob) => `${blob.kind} ${blob.sha256}`, 'predicate.evidence');
});
