import { causeOf, versus } from '../explain/causes.ts';
import type { Cause } from '../explain/types.ts';
import type { LayerFormat } from './layer.ts';

/** What packing alone can make differ, in which words, and how to keep it from doing so. */
export const WRAPPER_SUBJECTS = {
  mtime: {
    what: 'times of the members',
    advice: 'set one time for all members: SOURCE_DATE_EPOCH, tar --mtime=@$SOURCE_DATE_EPOCH, gzip --no-name, zip -X after touch -d',
  },
  order: { what: 'order of the members', advice: 'pack in a sorted order: tar --sort=name, sort the file list in the C locale' },
  owner: { what: 'owners of the members', advice: 'fix them: tar --owner=0 --group=0 --numeric-owner' },
  mode: { what: 'permissions that a umask takes away', advice: 'fix them: tar --mode=go=rX,u+rw,a-s, or umask 022 before the build' },
  compression: { what: 'compressed form of the same bytes', advice: 'use the same compressor, version, level and number of threads' },
  format: { what: 'dialect of the archive', advice: 'name it: tar --format=gnu or --format=ustar, and the same packing program' },
  name: { what: 'file name inside the compressor’s header', advice: 'leave it out: gzip --no-name' },
  padding: { what: 'padding at the end', advice: 'use the same blocking factor and packing program' },
  header: {
    what: 'other bytes of the headers',
    advice: 'use the same packing program; with tar, --pax-option=delete=atime,delete=ctime,exthdr.name=%d/PaxHeaders/%f',
  },
  'made on': { what: 'system that packed it', advice: 'use the same packing program on the same kind of system' },
  extra: { what: 'additional records of the members', advice: 'leave them out: zip -X, tar --pax-option=delete=atime,delete=ctime' },
  comment: { what: 'comment in the compressor’s header', advice: 'leave it out' },
} as const satisfies Readonly<Record<string, { readonly what: string; readonly advice: string }>>;

export type WrapperSubject = keyof typeof WRAPPER_SUBJECTS;

/** One place where packing differs. */
export interface WrapperDifference {
  readonly subject: WrapperSubject;
  /** Member; empty for the archive itself. */
  readonly member: string;
  readonly published: string;
  readonly rebuilt: string;
}

const SHOWN = 5;
const SINGULAR: ReadonlySet<WrapperSubject> = new Set(['order', 'compression', 'format', 'name', 'padding', 'made on', 'comment']);

/** One cause for each subject, with a few places as evidence. */
export function wrapperCauses(format: LayerFormat, differences: readonly WrapperDifference[]): Cause[] {
  return [...Map.groupBy(differences, ({ subject }) => subject)].map(([subject, places]) => {
    const { what, advice } = WRAPPER_SUBJECTS[subject];
    const evidence = places
      .slice(0, SHOWN)
      .map(({ member, published, rebuilt }) => versus(member === '' ? `${format} archive` : member, published, rebuilt));
    if (places.length > SHOWN) evidence.push(`and ${places.length - SHOWN} more`);
    const summary = `${format}: the ${what} differ${SINGULAR.has(subject) ? 's' : ''}`;
    return { ...causeOf('archive-wrapper', { subject, proven: true, evidence }), summary, advice };
  });
}
