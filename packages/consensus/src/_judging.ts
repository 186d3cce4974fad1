/** For tests of completeness: policies with index-witnesses, and verdicts that verify each signature once. */
import { type Ed25519Verify, toHex } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { FILE, NOW, policyOf, type PolicySketch, vkey, World } from './_world.ts';
import { evaluate, type Question } from './evaluate.ts';
import type { Evidence } from './evidence.ts';
import type { Verdict } from './verdict.ts';

/** Index-witnesses i1, i2 and i3, whose keys are named index-i1 and so on. */
export const INDEX_WITNESSES = ['i1', 'i2', 'i3'].map((name) => `index-witness ${name} ${vkey(`index-${name}`, 0x04)}`);

/** A policy that demands an audit, by two of them. */
export const AUDITED: PolicySketch = { lines: ['require 2', 'completeness audited', ...INDEX_WITNESSES, 'index-quorum 2'] };

/** The same signature is verified in thousands of small worlds. */
const known = new Map<string, boolean>();
const verify: Ed25519Verify = (publicKey, message, signature) => {
  const id = `${toHex(signature)} ${toHex(publicKey)} ${toHex(message)}`;
  const verified = known.get(id) ?? verifyEd25519(publicKey, message, signature);
  known.set(id, verified);
  return verified;
};

export function judge(evidence: Evidence, sketch: PolicySketch = {}, more: Partial<Question> = {}): Verdict {
  return evaluate({ policy: policyOf(sketch), evidence, file: { sha256: FILE }, now: NOW, offline: false, verify, ...more });
}

/** Two of three operators saw the file. */
export function reproducedWorld(): World {
  const world = new World();
  const release = world.release();
  world.observe('acme-1', release, FILE);
  world.observe('umbra-1', release, FILE);
  return world;
}
