/** How large a bundle is for 5 observations and 3 cosignatures in a log of 10^6 entries. Aim: 16 KiB. */
import { type ObservationPredicate, signStatement } from '@verbatim/statements';
import { aGenesis, anObservation, aRelease, contentOf, digestsOf, ROOT, testH1 } from '@verbatim/testkit';
import { hashLeaf } from '@verbatim/tlog';
import { describe, expect, it } from 'vitest';
import { judge } from './_judging.ts';
import { key, nowSeconds, ORIGIN, REGISTRAR } from './_world.ts';
import { vastEvidence } from './_vast-log.ts';
import { decodeBundle, encodeBundle } from './bundle.ts';

const SIZE = 1_000_000n;
/** Inner nodes above one lookup key's entries where the index has 2^22 keys: four for each entry, more than a log has. */
const INDEX_DEPTH = 22;
const REBUILDERS = ['acme-1', 'beta-1', 'gamma-1', 'umbra-1', 'zeta-1'];
const WITNESSES = ['w1', 'w2', 'w3'];
const { sha256: FILE } = digestsOf(contentOf('linux-x64/bin/esbuild'));

const hostOf = (i: number): string => (i % 2 === 0 ? 'linux/amd64' : 'linux/arm64');

type BlobKind = 'build-log' | 'slsa-provenance';

/** What no two rebuilders say alike: when, on which machine with which toolchain, and what their logs were. */
function ownWords(i: number, kinds: readonly BlobKind[]): Partial<ObservationPredicate> {
  const host = hostOf(i);
  return {
    started: `2026-11-1${i}T10:0${i}:17Z`,
    finished: `2026-11-1${i}T10:1${i}:42Z`,
    platform: { host, target: 'linux/amd64' },
    toolchain: [{ name: 'go', version: 'go1.23.5', host, digest: testH1(host) }],
    evidence: kinds.map((kind) => ({ kind, sha256: digestsOf(contentOf(`${kind} ${i}`)).sha256, size: 123_456 + i })),
  };
}

/** @param at the release's entry, then the observations' */
function bundleOf(at: readonly bigint[], kinds: readonly BlobKind[]): Uint8Array {
  const release = aRelease();
  const first = { index: at[0]!, entry: signStatement(release, [key(REGISTRAR)]) };
  const about = { origin: ORIGIN, release, index: first.index, leafHash: hashLeaf(first.entry) };
  const observations = REBUILDERS.map((name, i) => {
    const statement = anObservation({ ...about, rebuilder: key(name) }, ownWords(i, kinds));
    return { index: at[i + 1]!, entry: signStatement(statement, [key(name)]) };
  });
  const genesis = { index: 0n, entry: signStatement(aGenesis(ORIGIN), [ROOT]) };
  const log = {
    origin: ORIGIN,
    signer: key(ORIGIN),
    witnesses: WITNESSES.map(key),
    timestamp: nowSeconds - 60n,
    size: SIZE,
    depth: INDEX_DEPTH,
  };
  return encodeBundle(
    vastEvidence(
      log,
      [genesis, first, ...observations],
      [
        { lookup: { type: 'artifact', value: FILE }, under: at },
        { lookup: { type: 'control', value: ORIGIN }, under: [0n] },
      ],
    ),
  );
}

const KINDS: readonly BlobKind[] = ['build-log', 'slsa-provenance'];
/** Rebuilt within the hour in which a thousand entries were logged; and over months. */
const NEAR = [700_000n, 700_103n, 700_411n, 700_555n, 700_800n, 700_900n];
const APART = [123_456n, 234_567n, 345_678n, 456_789n, 567_890n, 678_901n];

describe('a bundle of 5 observations and 3 cosignatures in a log of 10^6 entries', () => {
  it.each([
    ['that were logged within a thousand entries', NEAR, [], 12_500],
    ['that were logged within a thousand entries and name their build logs and provenance', NEAR, KINDS, 13_700],
    ['that were logged months apart', APART, [], 14_400],
    ['that were logged months apart and name their build logs and provenance', APART, KINDS, 16_384],
  ])('%s is small, and verifies', (_what, at, kinds, limit) => {
    const bytes = bundleOf(at, kinds);
    expect(bytes.length).toBeLessThan(limit);
    const verdict = judge(
      decodeBundle(bytes),
      {
        operators: Object.fromEntries(REBUILDERS.map((name, i) => [name.split('-')[0], { [name]: hostOf(i) }])),
        witnesses: WITNESSES,
        lines: ['require 5'],
      },
      { file: { sha256: FILE }, offline: true },
    );
    expect(verdict).toMatchObject({ verdict: 'reproduced', completeness: 'complete-by-root', checkpoint: { size: SIZE } });
  });
});
