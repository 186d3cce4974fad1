/** Why two files differ, with all that is packed in them. */
import { explain } from '../explain/explain.ts';
import { causeOf, versus } from '../explain/causes.ts';
import type { Cause, ExplainContext, Explanation, ExplanationClass } from '../explain/types.ts';
import { differsByBinaryOnlyEntry } from './binary-only-changelog.ts';
import type { ChangedMember } from './compare-layers.ts';
import { type LayerFormat, type LayerMember, sameBytes } from './layer.ts';
import { manifestChanges } from './manifests.ts';
import { openPair, type OpenedMember, type OpenedPair } from './open-files.ts';
import { wrapperCauses } from './wrapper-causes.ts';

export interface FileExplanation extends Explanation {
  /** How both are packed; null for what was compared as it is. */
  readonly format: LayerFormat | null;
  /** Members that differ, in the published order. */
  readonly members: readonly MemberExplanation[];
  /** Why an archive was not looked into; else null. */
  readonly problem: string | null;
}

export interface MemberExplanation {
  /** As the archive spells it; empty for what is in a compressor. */
  readonly path: string;
  /** Bytes; null where only the other one has it. */
  readonly sizes: { readonly published: number | null; readonly rebuilt: number | null };
  readonly explanation: FileExplanation | null;
}

/**
 * Says why two files differ that should be the same build of the same release; archives are compared member by member, in each other up to
 * `ARCHIVE_LIMITS`. Never throws because of what is in the files: an archive that cannot be read has a `problem` and is `unexplained`.
 */
export async function explainFiles(published: Uint8Array, rebuilt: Uint8Array, context: ExplainContext = {}): Promise<FileExplanation> {
  const opened = await openPair({ published, rebuilt, own: context.rebuilds ?? [] });
  return explanationOf(opened, '', { context, changedPaths: new Set(leafPaths(opened)) });
}

/** Every cause in a file with all that is in it, those of the outermost layer first. */
export function allCauses({ causes, members }: FileExplanation): Cause[] {
  return [...causes, ...members.flatMap(({ explanation }) => (explanation === null ? [] : allCauses(explanation)))];
}

interface Setting {
  readonly context: ExplainContext;
  /** Members with other content, which digests in manifests may be about. */
  readonly changedPaths: ReadonlySet<string>;
}

const withoutDot = (path: string): string => path.replace(/^\.\//, '');

function leafPaths(opened: OpenedPair | null): string[] {
  if (opened?.kind !== 'layer') return [];
  return opened.members.flatMap(({ change, opened: inner }) => [
    ...(manifestChanges(change) === null ? [withoutDot(change.name)] : []),
    ...leafPaths(inner),
  ]);
}

/** @param name of the member that it is, or that it is packed in */
function explanationOf(opened: OpenedPair, name: string, setting: Setting): FileExplanation {
  const { published, rebuilt, own } = opened.pair;
  if (opened.kind === 'leaf') {
    const explained = explain(published, rebuilt, { ...setting.context, rebuilds: own });
    const { problem } = opened;
    if (problem === null && differsByBinaryOnlyEntry(name, published, rebuilt))
      return { ...explained, class: 'explained', causes: [BINARY_ONLY], format: null, members: [], problem };
    return {
      ...explained,
      class: problem !== null && explained.class !== 'identical' ? 'unexplained' : explained.class,
      format: null,
      members: [],
      problem,
    };
  }
  const { format, comparison } = opened;
  const members = opened.members.filter(({ beyondLimit }) => !beyondLimit).map((member) => memberOf(member, name, setting));
  const causes = [...wrapperCauses(format, comparison.wrapper), ...comparison.changed.flatMap(contentCauses)];
  if (comparison.restDiffers) causes.push(OUTSIDE);
  return {
    class: classOf(opened, causes, members),
    sizes: { published: published.length, rebuilt: rebuilt.length },
    causes,
    claims: [],
    parts: [],
    strings: { publishedOnly: [], rebuiltOnly: [] },
    truncated: opened.members.some(({ beyondLimit }) => beyondLimit) ? ['members'] : [],
    format,
    members,
    problem: null,
  };
}

function memberOf({ change, opened }: OpenedMember, outer: string, setting: Setting): MemberExplanation {
  const { name, published, rebuilt } = change;
  const sizes = { published: published?.bytes.length ?? null, rebuilt: rebuilt?.bytes.length ?? null };
  const listed = manifestChanges(change);
  const explanation = opened === null ? null : explanationOf(opened, name === '' ? outer : name, setting);
  if (explanation === null || listed === null || ![...listed].every((path) => setting.changedPaths.has(withoutDot(path))))
    return { path: name, sizes, explanation };
  return { path: name, sizes, explanation: { ...explanation, class: 'explained', causes: [listing([...listed])] } };
}

/** Proven or not, what the layer's own causes and its members come to. */
function classOf(
  { comparison, pair, unstable, members: opened }: Extract<OpenedPair, { kind: 'layer' }>,
  causes: readonly Cause[],
  members: readonly MemberExplanation[],
): ExplanationClass {
  if (sameBytes(pair.published, pair.rebuilt)) return 'identical';
  if (causes.some(({ certainty }) => certainty === 'likely') || opened.some(({ beyondLimit }) => beyondLimit)) return 'unexplained';
  const classes = new Set(members.flatMap(({ explanation }) => (explanation === null ? [] : [explanation.class])));
  if (classes.has('unexplained')) return 'unexplained';
  if (classes.has('nondeterministic') || comparison.wrapper.some(({ subject }) => unstable.has(subject))) return 'nondeterministic';
  if (comparison.wrapper.length > 0 || classes.has('explained')) return 'explained';
  // Members with nothing but IDs between them, or nothing that was found to differ at all.
  return classes.has('identical-except-ids') ? 'identical-except-ids' : 'unexplained';
}

function contentCauses({ name, published, rebuilt, meaning }: ChangedMember): Cause[] {
  if (published !== null && rebuilt !== null && meaning.length === 0) return [];
  const summary =
    published === null || rebuilt === null
      ? 'only one of the archives has this member'
      : 'the member is of another kind, or may do other things';
  const evidence = meaning.length > 0 ? meaning : [versus(name, sizeOf(published), sizeOf(rebuilt))];
  return [
    {
      ...causeOf('different-source', { subject: name, evidence }),
      summary,
      advice: 'compare the source trees and the packing steps of both builds',
    },
  ];
}

const sizeOf = (member: LayerMember | null): string | null => (member === null ? null : `${member.bytes.length} bytes`);

const OUTSIDE: Cause = {
  ...causeOf('different-source'),
  summary: 'bytes outside of all members differ: in front of the archive, in gaps or in its comment',
  advice: 'look at the file itself: a program may stand in front of the archive',
};

const BINARY_ONLY: Cause = {
  ...causeOf('archive-wrapper', { subject: 'binary-only changelog', proven: true }),
  summary: 'a binary-only rebuild of the distribution added its entry to the changelog; the rest of it is the same',
  advice: 'add the entry before the build: it is in the .buildinfo file (Binary-Only-Changes)',
};

const listing = (paths: readonly string[]): Cause => ({
  ...causeOf('archive-wrapper', { subject: 'digest list', proven: true, evidence: paths }),
  summary: 'it lists digests of members that differ, and says nothing else',
  advice: 'look at these members',
});
