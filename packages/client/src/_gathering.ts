/** For tests of gathering: a log with a reproduced release, served over HTTP, and verdicts about what was gathered. */
import { evaluate, parsePolicy, type Verdict } from '@verbatim/consensus';
import { anArtifact, anObservation, aRelease, contentOf, digestsOf, Scene, TEST_TIME, testSigner, testVkey } from '@verbatim/testkit';
import { utf8Encode } from '@verbatim/tlog';
import { verifyEd25519, vkeyOf } from '@verbatim/tlog/node';
import { onTestFinished } from 'vitest';
import { logHandler, logKey, serve } from './_support.ts';
import type { CheckpointMemory } from './checkpoint-memory.ts';
import type { Gathered } from './collect.ts';
import { type Ask, gatherEvidence } from './gather.ts';
import { LogReader } from './log-reader.ts';
import { openSource } from './source.ts';

const ARTIFACT = 'linux-x64/bin/esbuild';
export const { sha256: FILE } = digestsOf(contentOf(ARTIFACT));
export const { sha256: CONTAINER } = digestsOf(contentOf('linux-x64-0.25.0.tgz'));
export const PURL = 'pkg:npm/esbuild@0.25.0';
const WITNESS = testSigner('witness.example/w1');

/** A log with a reproduced release, another release, and noise enough for several tiles. */
function sceneOf(noise = 300): Scene {
  const scene = new Scene();
  for (const position of [0, 1]) scene.observe(position);
  scene.log.seal();
  const other = aRelease({
    purl: 'pkg:npm/other@1.0.0',
    artifacts: [anArtifact({ name: 'other', content: utf8Encode('other'), coordinate: 'pkg:npm/other@1.0.0' })],
  });
  const index = scene.log.addStatement(other, scene.registrar);
  for (let attempt = 1; attempt <= noise; attempt++) {
    const about = { origin: scene.log.origin, release: other, index, leafHash: scene.log.leafHash(index), rebuilder: scene.rebuilders[2]! };
    scene.log.addStatement(anObservation(about, { attempt, result: 'timeout' }), scene.rebuilders[2]!);
  }
  scene.log.seal();
  return scene;
}
export const scene = sceneOf();
/** The index root. */
export const LAST = scene.log.size - 1n;
/** A size that it once published, with all that is about the file. */
export const EARLIER = 9n;

export function policyOf(scene: Scene, completeness = 'root'): ReturnType<typeof parsePolicy> {
  return parsePolicy(
    [
      'version 1',
      'expires 2027-11-01T00:00:00Z',
      `log ${scene.log.vkey}`,
      `root ${vkeyOf(scene.root)}`,
      `witness w1 ${testVkey(WITNESS.name, 0x04)}`,
      'quorum w1',
      ...scene.rebuilders.map(({ name }) => `operator op-${name}`),
      ...scene.rebuilders.map((rebuilder) => `rebuilder ${rebuilder.name} op-${rebuilder.name} linux/amd64 ${vkeyOf(rebuilder)}`),
      `claimant npm registrar pkg:npm/ ${vkeyOf(scene.registrar)}`,
      'require 2',
      `completeness ${completeness}`,
      '',
    ].join('\n'),
  );
}
export const policy = policyOf(scene);

export async function readerOf(location: string, memory?: CheckpointMemory): Promise<LogReader> {
  const source = await openSource(location);
  onTestFinished(() => source.close());
  return new LogReader({ source, logKey: logKey(scene.log), ...(memory === undefined ? {} : { memory }) });
}

export const judge = ({ evidence, audited }: Gathered, digest = FILE, release?: string): Verdict =>
  evaluate({
    policy,
    evidence,
    audited: audited === null ? [] : [audited],
    file: { sha256: digest },
    now: new Date(TEST_TIME),
    offline: false,
    verify: verifyEd25519,
    ...(release === undefined ? {} : { release }),
  });

export async function gatherOver(
  override: (path: string) => Uint8Array | null | undefined,
  ask: Ask = { digest: FILE },
): Promise<Gathered> {
  const server = await serve(logHandler(scene.log, override));
  return gatherEvidence(await readerOf(server.url), ask);
}

export const isIndex = (path: string): boolean => path.startsWith('index?');
export const earlier = (path: string, timestamp?: number): Uint8Array =>
  Buffer.from(scene.log.answerIndex(path.slice('index?'.length), { size: EARLIER, ...(timestamp === undefined ? {} : { timestamp }) }));
