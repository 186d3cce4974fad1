/** The whole way to a verdict as a page would go it. The edge cases of signatures and proofs run in the suites beside this one. */
import { decodeBundle, encodeBundle, evaluate, parsePolicy } from '@verbatim/consensus';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { expect, test } from 'vitest';
import { digest, FILE, NOW, policyText, World } from '../../packages/consensus/src/_world.ts';
import { browser } from './_browser.ts';

const world = new World();
const release = world.release();
for (const rebuilder of ['acme-1', 'umbra-1', 'zeta-1']) world.observe(rebuilder, release, FILE);
const agreed = encodeBundle(world.evidence());
world.observe('zeta-1', release, digest('other bytes'), { attempt: 2 });
const disputed = encodeBundle(world.evidence());
const text = policyText({ lines: ['require 2'] });

test('nothing of Node is asked for', () => {
  expect(browser.imports).toEqual([]);
});

test.each([
  ['reproduced', agreed],
  ['not-reproduced', disputed],
])('a bundle is %s in a browser, as it is here', (verdict, bundle) => {
  const { consensus, tlog } = browser;
  const question = { file: { sha256: FILE }, now: NOW, offline: true };
  const here = evaluate({ ...question, policy: parsePolicy(text), evidence: decodeBundle(bundle), verify: verifyEd25519 });
  const there = consensus.evaluate({
    ...question,
    policy: consensus.parsePolicy(text),
    evidence: consensus.decodeBundle(bundle),
    verify: tlog.verifyEd25519Pure,
  });
  expect(here.verdict).toBe(verdict);
  const plain = (value: unknown): string =>
    JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
  expect(plain(there)).toBe(plain(here));
});
