import { EXIT_CODES, isWorse } from '@verbatim/consensus';
import type { ContainerMember, Evidence, Hearing, Question, Verdict } from '@verbatim/consensus';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { CliError } from '../errors.ts';
import { printable } from '../io.ts';
import type { Io } from '../io.ts';
import type { PolicyFile } from '../policy-file.ts';
import { createHash } from 'node:crypto';
import { failedResult } from './result.ts';
import type { FileResult, Trouble } from './result.ts';
import { hearRebuilders } from './hear-rebuilders.ts';
import type { Gathered, ReadMember, Stages } from './stages.ts';
import { troubleOf } from './trouble.ts';

export interface JudgeOptions {
  readonly release?: string | undefined;
  readonly member?: string | undefined;
  /** SHA-256 of the container that the file was extracted from; `sha256:` may stand before it. */
  readonly memberOf?: string | undefined;
  /** A file that lists the container's members. */
  readonly members?: string | undefined;
  readonly bundle?: string | undefined;
  readonly saveBundle?: string | undefined;
  readonly offline?: boolean | undefined;
  readonly audit?: boolean | undefined;
  readonly askRebuilders?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

export interface FileToJudge {
  /** As it is named in the output; a path unless `bytes` are given. */
  readonly file: string;
  /** What a manifest says that its digest is. */
  readonly expected?: string;
  /** The content, when the caller holds it. */
  readonly bytes?: Uint8Array;
}

/** Judges one file: hash, gather, evaluate. Every exception becomes a result, and no result of an exception is `reproduced`. */
export async function judgeFile(
  input: FileToJudge,
  policyFile: PolicyFile,
  options: JudgeOptions,
  io: Io,
  stages: Stages,
): Promise<FileResult> {
  const member = options.member ?? null;
  const from = options.memberOf?.replace(/^sha256:/, '');
  let sha256: string | null = null;
  try {
    const container = member === null || from !== undefined ? null : await openContainer(input, stages);
    sha256 = container?.sha256 ?? (input.bytes === undefined ? stages.hashFile(input.file) : hashBytes(input.bytes));
    const wanted = container === null ? null : findMember(container.members, member!, input.file);
    const claimed = from ?? sha256;
    const gathered = await stages.gather({
      policy: policyFile.policy,
      sha256: claimed,
      release: options.release,
      member: wanted?.sha256,
      bundle: options.bundle,
      audit: options.audit === true,
      env: io.env,
      progress: (text) => {
        if (!options.quiet) io.err(`${printable(text)}\n`);
      },
    });
    let { evidence } = gathered;
    const ask = (extra: Extra): Verdict =>
      stages.evaluate({
        policy: policyFile.policy,
        evidence,
        file: { sha256: claimed },
        ...(options.release === undefined ? {} : { release: options.release }),
        ...extra,
        now: io.now(),
        offline: gathered.offline,
        audited: gathered.audited,
        verify: verifyEd25519,
      });
    let judged = ask(wanted === null ? {} : { member: { path: wanted.path, sha256: wanted.sha256 } });
    const troubles: Trouble[] = [];
    if (from !== undefined) {
      const request = { policy: policyFile.policy, container: from, path: member!, file: options.members, offline: gathered.offline };
      const bundled = options.members === undefined ? evidence.member : undefined;
      const proof = bundled ?? (await stages.proveMember({ ...request, lists: listsOf(judged) }));
      if (proof !== null) evidence = { ...evidence, member: proof };
      judged = ask({ extracted: { sha256, path: member!, proof } });
    }
    if (judged.members !== null) judged = await lookInside(input, sha256, judged, ask, stages, troubles);
    const hearing = options.askRebuilders === true ? await hearRebuilders(judged, policyFile.policy, stages) : { judged, heard: [] };
    return await finish(input, member, hearing, { ...gathered, evidence }, troubles, options, stages);
  } catch (error) {
    const { verdict, trouble } = troubleOf(error);
    return failedResult({ file: input.file, member, asked: options.release ?? null, sha256 }, verdict, [trouble]);
  }
}

type Extra = Pick<Question, 'member' | 'contents' | 'extracted'>;

/** Lists of a container's members that operators made who rebuilt it. */
function listsOf({ claim }: Verdict): string[] {
  const observations = claim?.operators.flatMap((state) => state.observations) ?? [];
  return [...new Set(observations.flatMap(({ counts, memberList }) => (counts === 'match' && memberList !== null ? memberList : [])))];
}

interface OpenContainer {
  readonly sha256: string;
  readonly members: readonly ReadMember[];
}

/** Digest and members of the same bytes: the file is read once. */
async function openContainer(input: FileToJudge, stages: Stages): Promise<OpenContainer> {
  const bytes = input.bytes ?? stages.readWhole(input.file);
  return { sha256: hashBytes(bytes), members: await stages.readMembers(input.file, bytes, () => false) };
}

function findMember(members: readonly ReadMember[], path: string, file: string): ReadMember {
  const found = members.filter((member) => member.path === path);
  if (found.length === 1) return found[0]!;
  const names = members.slice(0, 20).map((member) => member.path);
  throw new CliError(
    'file',
    `expected one member ${JSON.stringify(path)} in ${file}, found ${found.length}; it has ${names.join(', ')}${members.length > 20 ? ', …' : ''}`,
  );
}

/** The file is a container of which members are claimed: look at what is in it, so that each can be compared. */
async function lookInside(
  input: FileToJudge,
  sha256: string,
  judged: Verdict,
  ask: (extra: { contents: readonly ContainerMember[] }) => Verdict,
  stages: Stages,
  troubles: Trouble[],
): Promise<Verdict> {
  if (input.file === '-' && input.bytes === undefined) return judged;
  let container: OpenContainer;
  try {
    container = await openContainer(input, stages);
  } catch (error) {
    troubles.push(troubleOf(error).trouble);
    return judged;
  }
  if (container.sha256 !== sha256) throw new CliError('file', `${input.file} changed while it was read`);
  return ask({ contents: container.members.map(({ path, sha256: digest }) => ({ path, sha256: digest })) });
}

async function finish(
  input: FileToJudge,
  member: string | null,
  { judged, heard }: Hearing,
  { bundle, evidence }: Gathered & { evidence: Evidence },
  troubles: Trouble[],
  options: JudgeOptions,
  stages: Stages,
): Promise<FileResult> {
  const saved = options.saveBundle;
  if (saved !== undefined) await stages.saveBundle(saved, evidence);
  const { file, expected } = input;
  let { verdict } = judged;
  if (expected !== undefined && expected !== judged.sha256) {
    troubles.push({ code: 'manifest-mismatch', message: `the manifest says sha256:${expected}, found sha256:${judged.sha256}` });
    if (isWorse('unknown-file', verdict)) verdict = 'unknown-file';
  }
  return {
    file,
    member,
    asked: options.release ?? null,
    sha256: judged.sha256,
    verdict,
    exitCode: EXIT_CODES[verdict],
    judged,
    troubles,
    heard,
    bundle: saved ?? bundle,
  };
}

function hashBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
