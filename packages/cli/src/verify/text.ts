import { VERDICTS } from '@verbatim/consensus';
import type { CountedObservation, HeardObservation, JudgedClaim, OperatorState, Policy, Verdict, VerdictKind } from '@verbatim/consensus';
import { counted, dscDigest } from '@verbatim/statements';
import { basename, posix } from 'node:path';
import { paint, printable } from '../io.ts';
import type { Io } from '../io.ts';
import type { PolicyFile } from '../policy-file.ts';
import { nextSteps } from './result.ts';
import type { FileResult } from './result.ts';

/** A symbol stands before words that say the same; it never means anything alone. */
const SYMBOLS: Readonly<Record<VerdictKind, readonly [symbol: string, colour: 'green' | 'red' | 'yellow']>> = {
  reproduced: ['✓', 'green'],
  'not-reproduced': ['✗', 'red'],
  'unknown-file': ['✗', 'red'],
  'log-misbehaviour': ['✗', 'red'],
  'policy-error': ['!', 'yellow'],
  insufficient: ['…', 'yellow'],
  unavailable: ['!', 'yellow'],
};

/** For people: the verdict first, then the evidence (who, where, when, entry), then what to do (DESIGN §3.13). */
export function toText(result: FileResult, policyFile: PolicyFile | null, io: Io, explain: boolean): string {
  const policy = policyFile?.policy ?? null;
  const { judged } = result;
  const lines = [
    headline(result, policy, io),
    `  file ${printable(result.file)}${result.member === null ? '' : `, member ${printable(result.member)}`}`,
  ];
  if (result.sha256 !== null) lines.push(`  sha256:${result.sha256}`);
  // Without an evaluation the first line has said the first of them.
  for (const { message } of result.troubles.slice(judged === null ? 1 : 0)) lines.push(`  ${printable(message)}`);
  if (judged !== null) lines.push(...evidence(judged, policy));
  if (result.heard.length > 0) lines.push('  heard from rebuilders themselves, not in the log:', ...result.heard.map(heardLine));
  if (policyFile !== null) lines.push(`  policy ${printable(policyFile.path)}`);
  if (result.bundle !== null) lines.push(`  bundle ${printable(result.bundle)}`);
  if (judged !== null && explain) lines.push(...explanation(judged));
  for (const advice of nextSteps(result)) lines.push(`  → ${printable(advice)}`);
  return `${lines.join('\n')}\n`;
}

/** How the first line begins. */
export function headingOf(verdict: VerdictKind, io: Io): string {
  const [symbol, colour] = SYMBOLS[verdict];
  return paint(io, colour, `${symbol} ${VERDICTS[verdict].heading}`);
}

function headline(result: FileResult, policy: Policy | null, io: Io): string {
  return `${headingOf(result.verdict, io)}  ${printable(subject(result, policy))}`;
}

/** The rest of the first line: what was reproduced, or in a few words what was found instead. */
function subject(result: FileResult, policy: Policy | null): string {
  const { verdict, judged, troubles, asked } = result;
  const claim = judged?.claim ?? null;
  const members = judged?.members ?? null;
  switch (verdict) {
    case 'reproduced':
      return `${claim!.purl}  ${claim!.artifact.name}`;
    case 'not-reproduced':
      return claim === null
        ? 'the container does not hold what was claimed'
        : `${claim.purl}  ${counted(claim.dissents, 'operator')} got other bytes, ${claim.matches} of ${policy?.require ?? '?'} required match`;
    case 'unknown-file':
      if (judged === null && troubles.length > 0) return troubles[0]!.message;
      return asked === null ? 'no release that your claimants registered has this file' : `it is not a file of ${asked}`;
    case 'insufficient':
      if (members !== null) return 'a container of which only members are reproduced';
      return claim === null
        ? 'the checkpoint has too few cosignatures'
        : `${claim.purl}  ${claim.unsatisfied.join('; ') || 'the checkpoint has too few cosignatures'}`;
    default:
      if (judged?.errors[0]?.code === 'another-file') return anotherFile(result, judged);
      return judged?.errors[0]?.message ?? troubles[0]?.message ?? VERDICTS[verdict].meaning;
  }
}

/** The evidence is genuine, and about other bytes: perhaps of this very file, before it was changed. */
function anotherFile({ file, bundle }: FileResult, { expected, errors, sha256 }: Verdict): string {
  const sameName = expected.filter(({ artifact }) => posix.basename(artifact) === basename(file));
  const [about] = sameName.length > 0 ? sameName : expected.length === 1 ? expected : [];
  if (about === undefined) return errors[0]!.message;
  const source = bundle === null ? 'evidence' : 'bundle';
  const { artifact, purl } = about;
  return `the ${source} is about ${artifact} of ${purl}: expected sha256:${about.sha256}, found sha256:${sha256}; this is a changed file, or another one`;
}

function evidence(judged: Verdict, policy: Policy | null): string[] {
  const lines: string[] = [];
  if (judged.claim !== null) lines.push(...claimLines(judged.claim, policy));
  if (judged.extracted !== null) lines.push(extractedLine(judged.extracted));
  for (const { path, state, detail } of judged.members ?? [])
    lines.push(`    ${MEMBER_SYMBOLS[state]} ${printable(path)}  ${state}: ${detail}`);
  for (const { artifact, purl, sha256, index } of judged.expected) {
    lines.push(`  expected ${printable(artifact)} of ${purl}: sha256:${sha256} (entry ${index})`);
  }
  if (judged.checkpoint !== null) {
    const { origin, size, cosignatures, asOf } = judged.checkpoint;
    const counting = cosignatures.filter(({ counts }) => counts).map(({ witness }) => witness);
    const witnessed = counting.length === 0 ? 'no witness' : `cosigned by ${counting.join(', ')}`;
    lines.push(`  log ${origin}  size ${size}  ${witnessed}${asOf === null ? '' : `  as of ${timeOf(asOf)}`}`);
    lines.push(`  completeness: ${completenessText(judged)}`);
  }
  for (const { message } of judged.errors) lines.push(`  ! ${printable(message)}`);
  for (const warning of judged.warnings) lines.push(`  warning: ${printable(warning)}`);
  return lines;
}

/** Only an audit is called sound (DESIGN §3.5). */
function completenessText({ completeness, auditedBy }: Verdict): string {
  switch (completeness) {
    case 'advisory':
      return 'advisory (that nothing logged was left out is not proved)';
    case 'complete-by-root':
      return "complete by the log's root (that its index has every entry, nobody audited for you)";
    case 'complete-and-audited':
      return `complete and audited by ${auditedBy.join(', ')}: sound`;
  }
}

const MEMBER_SYMBOLS = { reproduced: '✓', insufficient: '…', 'not-claimed': '·', differing: '✗' } as const;

function originOf(source: JudgedClaim['source']): string {
  switch (source.kind) {
    case 'go-module':
      return `${source.module}@${source.version} ${source.h1}`;
    case 'crate':
      return `crate ${source.name} ${source.version} sha256:${source.sha256}`;
    case 'git':
      return `${source.url} ${source.commit}`;
    case 'debian':
      return `Debian source ${source.name} ${source.version} sha256:${dscDigest(source)}`;
  }
}

function claimLines(claim: JudgedClaim, policy: Policy | null): string[] {
  const { sha256, purl, index, claimants, source, recipe, toolchain, artifact, matches, dissents, operators } = claim;
  const origin = originOf(source);
  const member = artifact.member === undefined ? '' : `, ${artifact.member.path} in ${artifact.member.container.name}`;
  return [
    `  release ${purl}, claimed by ${claimants.map(({ name, kind }) => `${kind} ${name}`).join(', ')}, entry ${index}`,
    `  artifact ${artifact.name} for ${artifact.target}, published as ${artifact.coordinate}${member}`,
    `  source ${origin}`,
    `  recipe sha256:${recipe}, ${toolchain.map(({ name, version }) => `${name} ${version}`).join(', ')}`,
    `  ${matches} of ${counted(operators.length, 'operator')} match, ${dissents} got other bytes${policy === null ? '' : ` (required: ${policy.require})`}`,
    ...operators.flatMap((state) => operatorLines(state, sha256)),
  ].map(printable);
}

function extractedLine({ container, path, mode, size, root }: NonNullable<Verdict['extracted']>): string {
  const permissions = mode.toString(8).padStart(4, '0');
  return `  extracted from sha256:${container}: ${printable(path)}, ${size} bytes, mode ${permissions} there; member root ${root}`;
}

function operatorLines({ operator, standing, observations }: OperatorState, sha256: string): string[] {
  if (observations.length === 0) return [`    · ${operator}  has not answered`];
  return observations.map((observation) => {
    const { rebuilder, arch, finished, index, counts } = observation;
    const symbol = counts === 'match' ? (standing === 'matches' ? '✓' : '·') : counts === 'dissent' ? '✗' : '·';
    return `    ${symbol} ${operator}  ${rebuilder}  ${arch}  ${finished}  entry ${index}  ${saying(observation, sha256)}`;
  });
}

function heardLine({ operator, rebuilder, arch, finished, attempt, ...said }: HeardObservation): string {
  const symbol = said.counts === 'dissent' ? '✗' : '·';
  return printable(`    ${symbol} ${operator}  ${rebuilder}  ${arch}  ${finished}  attempt ${attempt}  ${saying(said, '')}`);
}

function saying(
  { counts, observed, result, reason, because }: Pick<CountedObservation, 'counts' | 'observed' | 'result' | 'reason' | 'because'>,
  sha256: string,
): string {
  if (counts === 'match') return 'matches';
  if (counts === 'dissent' && observed === sha256) return 'got the same bytes, but signed another member root';
  if (counts === 'dissent') return `got sha256:${observed}`;
  const what =
    observed === null ? `${result}${reason === null ? '' : ` (${reason})`}` : observed === sha256 ? 'the same bytes' : `sha256:${observed}`;
  return `${what}; does not count: ${because}`;
}

function explanation({ steps, ignored }: Verdict): string[] {
  return [
    '  checks',
    ...steps.map(({ clause, check, ok, detail }) => `    ${ok ? '✓ holds ' : '✗ fails '} ${clause}  ${check}: ${detail}`),
    ...ignored.map(({ index, reason }) => `    · ignored  entry ${index}: ${reason}`),
  ].map(printable);
}

function timeOf(seconds: bigint): string {
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}Z`;
}
