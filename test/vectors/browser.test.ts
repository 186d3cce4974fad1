/** The whole way to a verdict as a page would go it. The edge cases of signatures and proofs run in the suites beside this one. */
import { decodeBundle, evaluate, parsePolicy } from '@verbatim/consensus';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { expect, test } from 'vitest';
import { FILE, NOW } from '../../packages/consensus/src/_world.ts';
import { browser } from './_browser.ts';
import { AGREED, DISPUTED, POLICY } from './_bundles.ts';

test('nothing of Node is asked for', () => {
  expect(browser.imports).toEqual([]);
});

test.each([
  ['reproduced', AGREED],
  ['not-reproduced', DISPUTED],
])('a bundle is %s in a browser, as it is here', (verdict, bundle) => {
  const { consensus, tlog } = browser;
  const question = { file: { sha256: FILE }, now: NOW, offline: true };
  const here = evaluate({ ...question, policy: parsePolicy(POLICY), evidence: decodeBundle(bundle), verify: verifyEd25519 });
  const there = consensus.evaluate({
    ...question,
    policy: consensus.parsePolicy(POLICY),
    evidence: consensus.decodeBundle(bundle),
    verify: tlog.verifyEd25519Pure,
  });
  expect(here.verdict).toBe(verdict);
  const plain = (value: unknown): string =>
    JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
  expect(plain(there)).toBe(plain(here));
});
