/** For tests: a log of real signed entries, honest or not, and the policy of somebody who reads it. */
import { decodeEntry, type ObservationPredicate, type ObservationStatement, type ReleaseStatement } from '@verbatim/statements';
import { sha256, type Signer, toHex, utf8Encode } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import {
  ADMIN,
  aGenesis,
  aGoRecipe,
  anObservation,
  aRelease,
  aRevocation,
  InMemoryLog,
  ROOT,
  TEST_TIME,
  testSigner,
} from '@verbatim/testkit';
import type { Evidence } from './evidence.ts';
import { neededLookups } from './lookups.ts';
import { parsePolicy } from './policy.ts';
import type { Policy } from './policy-types.ts';

export const ORIGIN = 'log.test';
export const NOW = new Date(TEST_TIME);
export const nowSeconds = BigInt(NOW.getTime() / 1000);
export const REGISTRAR = 'watch.test';
export const PURL = 'pkg:npm/tool@1.0.0';

/** A made-up digest. */
export const digest = (text: string): string => toHex(sha256(utf8Encode(text)));
const digest512 = (text: string): string => digest(text) + digest(`${text} `);
export const FILE = digest('tool');

const signers = new Map([ROOT, ADMIN].map((signer) => [signer.name, signer]));
/** The key of that name, the same in every test. */
export function key(name: string): Signer {
  const signer = signers.get(name) ?? testSigner(name);
  signers.set(name, signer);
  return signer;
}
export const vkey = (name: string, type: 0x01 | 0x04 = 0x01): string => vkeyOf(key(name), type);

export interface PolicySketch {
  /** Operator to rebuilder name to host. */
  readonly operators?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly claimants?: readonly string[];
  readonly witnesses?: readonly string[];
  readonly lines?: readonly string[];
}

const THREE = { acme: { 'acme-1': 'linux/amd64' }, umbra: { 'umbra-1': 'linux/arm64' }, zeta: { 'zeta-1': 'linux/amd64' } };

export function policyText(sketch: PolicySketch = {}): string {
  const { operators = THREE, attributes = {}, witnesses = ['w1', 'w2'], lines = ['require 2'] } = sketch;
  const { claimants = [`claimant watch registrar pkg:npm/ ${vkey(REGISTRAR)}`] } = sketch;
  return [
    'version 1',
    'expires 2027-11-01T00:00:00Z',
    `log ${vkey(ORIGIN)}`,
    `root ${vkey(ROOT.name)}`,
    ...witnesses.map((name) => `witness ${name} ${vkey(name, 0x04)}`),
    ...(witnesses.length > 0 ? [`group ws all ${witnesses.join(' ')}`, 'quorum ws'] : ['quorum none']),
    ...Object.keys(operators).map((name) => `operator ${name} ${attributes[name] ?? ''}`),
    ...Object.entries(operators).flatMap(([operator, keys]) =>
      Object.entries(keys).map(([name, host]) => `rebuilder ${name} ${operator} ${host} ${vkey(name)}`),
    ),
    ...claimants,
    ...lines,
    '',
  ].join('\n');
}

const policies = new Map<string, Policy>();
/** Parsed once: checking keys is the slow part of a small world. */
export function policyOf(sketch: PolicySketch = {}): Policy {
  const text = policyText(sketch);
  const policy = policies.get(text) ?? parsePolicy(text);
  policies.set(text, policy);
  return policy;
}

export interface ReleaseSketch {
  readonly purl?: string;
  /** Artifact name to the digest claimed for it. */
  readonly files?: Readonly<Record<string, string>>;
  /** Artifact name to path and container digest. */
  readonly members?: Readonly<Record<string, { path: string; container: string }>>;
  /** Another source, or other tags, make another recipe. */
  readonly module?: string;
  readonly tags?: readonly string[];
  readonly claim?: 'registrar' | 'publisher';
  readonly by?: readonly string[];
}

function releaseOf({
  purl = PURL,
  files = { tool: FILE },
  members = {},
  module = 'example.com/tool',
  tags = [],
  claim,
}: ReleaseSketch): ReleaseStatement {
  const artifacts = Object.entries(files).map(([name, sha256]) => {
    const member = members[name];
    const base = { name, target: 'linux/amd64', coordinate: purl, sha256, sha512: digest512(sha256) };
    if (member === undefined) return base;
    const container = { name: 'tool.tgz', sha256: member.container, sha512: digest512(member.container) };
    return { ...base, member: { path: member.path, container } };
  });
  const outputs = Object.keys(files).map((artifact) => ({ artifact, goos: 'linux', goarch: 'amd64', env: {} }));
  const plain = aGoRecipe();
  const recipe = { ...plain, source: { ...plain.source, module } as typeof plain.source, tags: [...tags], outputs };
  return aRelease({ purl, recipe, artifacts, ...(claim === 'publisher' ? { claim: { kind: 'publisher' } } : {}) });
}

export class World {
  readonly log: InMemoryLog;

  constructor({ genesis = true }: { genesis?: boolean } = {}) {
    this.log = new InMemoryLog({ origin: ORIGIN, signer: key(ORIGIN) });
    if (genesis) this.log.addStatement(aGenesis(ORIGIN), ROOT);
  }

  release(sketch: ReleaseSketch = {}): bigint {
    return this.log.addStatement(releaseOf(sketch), ...(sketch.by ?? [REGISTRAR]).map(key));
  }

  /** What `rebuilder` saw in release entry `of`: the digest that it built, or a result without one. Its index. */
  observe(rebuilder: string, of: bigint, saw: string, overrides: Partial<ObservationPredicate> = {}): bigint {
    return this.log.addStatement(this.observation(rebuilder, of, saw, overrides), key(rebuilder));
  }

  observation(rebuilder: string, of: bigint, saw: string, overrides: Partial<ObservationPredicate> = {}): ObservationStatement {
    const release = decodeEntry(this.log.entry(of)).statement as ReleaseStatement;
    const about = { origin: ORIGIN, release, index: of, leafHash: this.log.leafHash(of), rebuilder: key(rebuilder) };
    const host = rebuilder.startsWith('umbra') ? 'linux/arm64' : 'linux/amd64';
    const platform = { host, target: 'linux/amd64' };
    if (!/^[0-9a-f]{64}$/.test(saw)) return anObservation(about, { result: saw as 'timeout', platform, ...overrides });
    const artifact = overrides.artifact ?? release.subject[0]!.name;
    const claimed = release.subject.find(({ name }) => name === artifact)?.digest.sha256 ?? FILE;
    const digests = { claimed: { sha256: claimed }, received: { sha256: claimed }, observed: { sha256: saw }, reason: null };
    return anObservation(about, { result: saw === claimed ? 'match' : 'differ', ...digests, platform, ...overrides });
  }

  revoke(name: string, compromisedSince: number | null): bigint {
    return this.log.addStatement(aRevocation(key(name), { compromisedSince }), ADMIN);
  }

  /**
   * Everything logged, or the entries at `indexes`, at a checkpoint of the whole log, which ends with its index root. Proofs for every lookup
   * key that a question may need, and for those of the question `about`.
   */
  evidence({ indexes, cosigned = {}, witnesses = ['w1', 'w2'], about = {}, log = this.log, seal = true }: EvidenceSketch = {}): Evidence {
    if (seal) log.seal();
    const wanted = indexes ?? Array.from({ length: Number(log.size) }, (_, index) => BigInt(index));
    // One note for each witness: each has its own time.
    const notes = witnesses.map((name) =>
      lines(log.checkpoint({ witnesses: [key(name)], timestamp: Number(cosigned[name] ?? nowSeconds - 60n) })),
    );
    const signatures = notes.map((note) => note.at(-2)!);
    const text = [...lines(log.checkpoint()).slice(0, -1), ...signatures, ''].join('\n');
    const { file, member, release } = about;
    const asked = neededLookups({ origin: ORIGIN, sha256: file?.sha256 ?? FILE, member: member?.sha256, release }, []);
    const index = seal ? log.evidence(asked).index : [];
    return { checkpoint: utf8Encode(text), entries: log.proved(wanted), index };
  }
}

interface EvidenceSketch {
  readonly indexes?: readonly bigint[];
  /** Timestamps of witnesses; a minute ago otherwise. */
  readonly cosigned?: Readonly<Record<string, bigint>>;
  readonly witnesses?: readonly string[];
  readonly about?: { readonly file?: { sha256: string }; readonly member?: { sha256: string }; readonly release?: string };
  readonly log?: InMemoryLog;
  /** False for a log that keeps no index. */
  readonly seal?: boolean;
}

function lines(note: Uint8Array): string[] {
  return new TextDecoder().decode(note).split('\n');
}
