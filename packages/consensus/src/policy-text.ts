/** A policy in the words of others: the pure C2SP part, and sentences for people. */
import { counted } from '@verbatim/statements';
import { formatTlogPolicy } from '@verbatim/tlog';
import type { Policy, Rebuilder } from './policy-types.ts';
import { formatDuration, formatTime } from './values.ts';

/** C2SP tlog-policy alone, in canonical spelling; any program of that ecosystem reads it. */
export function tlogPart(policy: Policy): string {
  return formatTlogPolicy(policy.tlog);
}

/** Who is trusted with what, until when: one sentence a line. */
export function describePolicy(policy: Policy): string[] {
  return [
    `Valid until ${formatTime(policy.expires)}.`,
    `The log ${policy.log.key.name} must have signed every checkpoint${policy.log.url === null ? '' : `; it is read at ${policy.log.url}`}.`,
    `Its control statements count only if ${policy.root.name} signed them.`,
    ...describeWitnesses(policy),
    ...describeCompleteness(policy),
    `A file is reproduced when at least ${counted(policy.require, 'operator')} rebuilt exactly its bytes, at least ${counted(policy.answers, 'operator')} answered, and ${
      policy.dissent === 0 ? 'nobody got other bytes' : `at most ${counted(policy.dissent, 'operator')} got other bytes`
    }.`,
    ...policy.distinct.map((rule) => `The matching operators must differ in ${rule.property}: at least ${rule.atLeast}.`),
    ...policy.operators.map((operator) => describeOperator(policy, operator.name)),
    ...policy.claimants.map(
      (claimant) => `The ${claimant.kind} ${claimant.name} may claim files of ${claimant.prefix} (key ${claimant.key.text}).`,
    ),
  ];
}

function describeWitnesses({ tlog, maxAge, bundleMaxAge }: Policy): string[] {
  if (tlog.quorum === null)
    return ['No witness is required: the log could show different histories to different people, and its age is not known.'];
  return [
    `Witnesses must have cosigned: ${tlog.quorum}.`,
    ...tlog.witnesses.map((witness) => `Witness ${witness.name} is ${witness.key.text}.`),
    ...tlog.groups.map((group) => `Group ${group.name} is ${group.threshold} of ${group.members.join(', ')}.`),
    `The quorum's cosignatures may be ${formatDuration(maxAge!)} old, and ${formatDuration(bundleMaxAge!)} in a bundle checked offline.`,
  ];
}

const COMPLETENESS: Readonly<Record<Policy['completeness'], string>> = {
  advisory: 'Whoever gives the evidence may leave something out: a hidden dissent is not noticed.',
  root: 'That nothing logged was left out must be proved against the root of the index that the log signed.',
  audited:
    'That nothing logged was left out must be proved against an index that was audited: by a quorum of index-witnesses, or on this machine.',
};

function describeCompleteness({ completeness, indexWitnesses, indexQuorum }: Policy): string[] {
  if (indexWitnesses.length === 0) return [COMPLETENESS[completeness]];
  return [
    COMPLETENESS[completeness],
    `An audit is the cosignatures of ${indexQuorum} of ${indexWitnesses.length} index-witnesses.`,
    ...indexWitnesses.map(({ name, key }) => `Index-witness ${name} is ${key.text}.`),
  ];
}

function describeOperator(policy: Policy, name: string): string {
  const operator = policy.operators.find((candidate) => candidate.name === name)!;
  const keys = policy.rebuilders.filter((rebuilder) => rebuilder.operator === name);
  const where = [
    operator.cloud === null ? [] : [`on ${operator.cloud}`],
    operator.toolchain === null ? [] : [`toolchains from ${operator.toolchain}`],
  ];
  const about = where.flat().join(', ');
  const who = `Operator ${name}${about === '' ? '' : ` (${about})`}`;
  if (keys.length === 0) return `${who} has no key here and cannot vote.`;
  return `${who} has one vote, by ${keys.map(describeRebuilder).join(' and ')}.`;
}

function describeRebuilder({ name, arch, key, url }: Rebuilder): string {
  return `${name} on ${arch} (key ${key.text}${url === null ? '' : `; asked at ${url} on request`})`;
}
