/** Policies and bundles, and the verdict itself. */
import { BundleError, decodeBundle, encodeBundle, evaluate, parsePolicy, PolicyError } from '@verbatim/consensus';
import { TlogError, utf8Decode, utf8Encode } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { digest, FILE, NOW, policyOf, policyText, World } from '../../../packages/consensus/src/_world.ts';
import { codec, must, refusesWith, type Target } from '../target.ts';

const world = new World();
const release = world.release();
world.observe('acme-1', release, FILE);
world.observe('umbra-1', release, FILE);
const bundle = encodeBundle(world.evidence());
/** The tool alone in a container. */
const tool = { path: 'tool', type: 'file', mode: 0o755, size: 14, sha256: digest('tool') } as const;
const withMember = encodeBundle({ ...world.evidence(), member: { entry: tool, index: 2n, proof: [new Uint8Array(32).fill(7)] } });
/** One more than there are matches: nothing that is done to the evidence may make it enough. */
const policy = policyOf({ lines: ['require 3'] });
const disputed = new World();
const other = disputed.release();
disputed.observe('acme-1', other, FILE);
disputed.observe('umbra-1', other, FILE);
disputed.observe('zeta-1', other, digest('other bytes'));
const dissenting = encodeBundle(disputed.evidence());
/** Two matches would be enough, but for the dissent: which must therefore not get lost. */
const complete = policyOf({ lines: ['require 2', 'completeness root'] });
const policies = [
  policyText(),
  policyText({ witnesses: [] }),
  policyText({
    attributes: { acme: 'cloud=aws toolchain=debian' },
    lines: ['require 2', 'answers 3', 'dissent 1', 'distinct arch 2', 'max-age 24h', 'bundle-max-age 30d'],
  }),
];

export const CONSENSUS: readonly Target[] = [
  {
    name: 'consensus-policy',
    shape: 'text',
    seeds: policies.map(utf8Encode),
    runs: 400,
    accepts: (input) => refusesWith(() => void parsePolicy(utf8Decode(input)), PolicyError, TlogError),
  },
  {
    name: 'consensus-bundle',
    shape: 'json',
    seeds: [bundle, withMember],
    runs: 800,
    accepts: codec(decodeBundle, encodeBundle, BundleError),
  },
  {
    name: 'consensus-verdict',
    shape: 'json',
    seeds: [bundle],
    runs: 800,
    accepts: (input) =>
      refusesWith(() => {
        const { verdict } = evaluate({
          policy,
          evidence: decodeBundle(input),
          file: { sha256: FILE },
          now: NOW,
          offline: true,
          verify: verifyEd25519,
        });
        must(verdict !== 'reproduced', 'two matches were taken for three');
      }, BundleError),
  },
  {
    name: 'consensus-dissent',
    shape: 'json',
    seeds: [dissenting],
    runs: 800,
    accepts: (input) =>
      refusesWith(() => {
        const question = { file: { sha256: FILE }, now: NOW, offline: true, verify: verifyEd25519 };
        const { verdict } = evaluate({ ...question, policy: complete, evidence: decodeBundle(input) });
        must(verdict !== 'reproduced', 'a logged dissent was lost');
      }, BundleError),
  },
];
