/** Checks across the lines of a policy: one key, one role; rules that can hold. */
import { counted } from '@verbatim/statements';
import { toHex, type VerifierKey } from '@verbatim/tlog';
import { PolicyError } from './errors.ts';
import type { Draft } from './policy-lines.ts';
import { countDistinct } from './distinct.ts';
import type { DistinctRule, Policy } from './policy-types.ts';

/**
 * One public key serves one purpose. The same key under two names would vote twice, and an Ed25519 cosignature does not name its cosigner
 * (C2SP tlog-cosignature), so a key must not sign in two roles either.
 */
export function checkKeys(policy: Policy): void {
  const uses: [use: string, key: VerifierKey][] = [
    ['the log', policy.log.key],
    ['root', policy.root],
    ...policy.tlog.witnesses.map((witness): [string, VerifierKey] => [`witness ${witness.name}`, witness.key]),
    ...policy.indexWitnesses.map((witness): [string, VerifierKey] => [`index-witness ${witness.name}`, witness.key]),
    ...policy.rebuilders.map((rebuilder): [string, VerifierKey] => [`rebuilder ${rebuilder.name}`, rebuilder.key]),
    ...policy.claimants.map((claimant): [string, VerifierKey] => [`claimant ${claimant.name}`, claimant.key]),
  ];
  const seen = new Map<string, string>();
  for (const [use, { publicKey }] of uses) {
    const hex = toHex(publicKey);
    const other = seen.get(hex);
    if (other !== undefined)
      throw new PolicyError('duplicate-key', null, `expected a key of its own for ${use}, found the key of ${other}`);
    seen.set(hex, use);
  }
  checkIndexWitnessNames(policy);
}

/** An index-witness vouches for more than growth: nobody may mistake its name for a witness's, or the reverse (DESIGN §3.5). */
function checkIndexWitnessNames({ tlog, log, indexWitnesses }: Policy): void {
  const taken = new Set([log.key.name, ...tlog.witnesses.flatMap(({ name, key }) => [name, key.name])]);
  for (const { name, key } of indexWitnesses) {
    const other = [name, key.name].find((each) => taken.has(each));
    if (other !== undefined)
      throw new PolicyError('duplicate-name', null, `expected a name of its own for index-witness ${name}, found ${other} again`);
  }
}

/** Refuses rules that nothing could satisfy and rules that say nothing. */
export function checkRules(policy: Policy, draft: Draft): void {
  const fail = (name: string, message: string): never => {
    throw new PolicyError('unsatisfiable', draft.lineOf.get(name) ?? null, message);
  };
  if (policy.claimants.length === 0)
    throw new PolicyError('missing-line', null, 'expected a claimant, found none; every file would be unknown');
  const able = operatorsWithKeys(policy);
  if (able === 0) throw new PolicyError('missing-line', null, 'expected rebuilder lines, found none');
  if (policy.require > able) fail('require', `require ${policy.require} can never hold with the keys of ${counted(able, 'operator')}`);
  if (policy.answers > able) fail('answers', `answers ${policy.answers} can never hold with the keys of ${counted(able, 'operator')}`);
  if (policy.answers < policy.require) fail('answers', `answers ${policy.answers} says nothing beside require ${policy.require}`);
  for (const rule of policy.distinct) {
    const possible = possibleDistinct(policy, rule);
    const line = `distinct ${rule.property}`;
    if (rule.atLeast > possible) fail(line, `${line} ${rule.atLeast} can never hold: the operators with keys differ in ${possible}`);
  }
  if (policy.indexQuorum > policy.indexWitnesses.length) {
    fail('index-quorum', `index-quorum ${policy.indexQuorum} can never hold with ${policy.indexWitnesses.length} index-witnesses`);
  }
  if (policy.tlog.quorum === null) {
    for (const name of ['max-age', 'bundle-max-age']) {
      if (draft.lineOf.has(name)) fail(name, `${name} is measured from the cosignatures of the quorum, and this policy says "quorum none"`);
    }
  }
}

function operatorsWithKeys(policy: Policy): number {
  return new Set(policy.rebuilders.map((rebuilder) => rebuilder.operator)).size;
}

function possibleDistinct(policy: Policy, rule: DistinctRule): number {
  const able = policy.operators.filter((operator) => policy.rebuilders.some((rebuilder) => rebuilder.operator === operator.name));
  return countDistinct(
    rule.property,
    able.map((operator) => ({
      operator,
      arches: policy.rebuilders.filter((rebuilder) => rebuilder.operator === operator.name).map((rebuilder) => rebuilder.arch),
    })),
  );
}
