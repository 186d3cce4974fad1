/** How large a bundle is for 5 observations and 3 cosignatures in a log of 10^6 entries. Aim: 16 KiB. */
import { signStatement } from '@verbatim/statements';
import { aGenesis, anObservation, aRelease, contentOf, digestsOf, ROOT } from '@verbatim/testkit';
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

const blob = (kind: 'build-log' | 'slsa-provenance') => ({ kind, sha256: digestsOf(contentOf(kind)).sha256, size: 123_456 });

/** @param at the release's entry, then the observations' */
function bundleOf(at: readonly bigint[], evidence: ReturnType<typeof blob>[]): Uint8Array {
  const release = aRelease();
  const first = { index: at[0]!, entry: signStatement(release, [key(REGISTRAR)]) };
  const about = { origin: ORIGIN, release, index: first.index, leafHash: hashLeaf(first.entry) };
  const observations = REBUILDERS.map((name, i) => {
    const statement = anObservation({ ...about, rebuilder: key(name) }, { evidence });
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

const KINDS = [blob('build-log'), blob('slsa-provenance')];
/** Rebuilt within the hour in which a thousand entries were logged; and over months. */
const NEAR = [700_000n, 700_103n, 700_411n, 700_555n, 700_800n, 700_900n];
const APART = [123_456n, 234_567n, 345_678n, 456_789n, 567_890n, 678_901n];

describe('a bundle of 5 observations and 3 cosignatures in a log of 10^6 entries', () => {
  it.each([
    ['that were logged within a thousand entries', NEAR, [], 15_000],
    ['that were logged within a thousand entries and name their build logs and provenance', NEAR, KINDS, 16_384],
    ['that were logged months apart', APART, [], 17_000],
  ])('%s is small, and verifies', (_what, at, evidence, limit) => {
    const bytes = bundleOf(at, evidence);
    expect(bytes.length).toBeLessThan(limit);
    const verdict = judge(
      decodeBundle(bytes),
      {
        operators: Object.fromEntries(REBUILDERS.map((name) => [name.split('-')[0], { [name]: 'linux/amd64' }])),
        witnesses: WITNESSES,
        lines: ['require 5'],
      },
      { file: { sha256: FILE }, offline: true },
    );
    expect(verdict).toMatchObject({ verdict: 'reproduced', completeness: 'complete-by-root', checkpoint: { size: SIZE } });
  });
});
