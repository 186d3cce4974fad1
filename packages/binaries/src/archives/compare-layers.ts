/** Two layers of one format: what packing made differ, and which members hold something else. Pure. */
import { versus } from '../explain/causes.ts';
import { type Layer, type LayerMember, sameBytes, type WrapperFields } from './layer.ts';
import { WRAPPER_SUBJECTS, type WrapperDifference, type WrapperSubject } from './wrapper-causes.ts';

/** A member with other content or another meaning, or that only one of them has. */
export interface ChangedMember {
  readonly name: string;
  readonly published: LayerMember | null;
  readonly rebuilt: LayerMember | null;
  /** Type, link target, the owner's permissions …; empty when only the bytes differ. */
  readonly meaning: readonly string[];
}

export interface LayerComparison {
  readonly wrapper: readonly WrapperDifference[];
  /** In the published order; then those that only the rebuild has. */
  readonly changed: readonly ChangedMember[];
  /** Whether bytes outside of members differ, which nothing accounts for. */
  readonly restDiffers: boolean;
}

export function compareLayers(published: Layer, rebuilt: Layer): LayerComparison {
  const [ours, theirs] = [byKey(rebuilt), byKey(published)];
  const wrapper: WrapperDifference[] = [...fieldDifferences('', published.fields, rebuilt.fields)];
  const changed: ChangedMember[] = [];
  for (const [key, member] of theirs) {
    const other = ours.get(key) ?? null;
    const same = other !== null && sameBytes(member.bytes, other.bytes);
    const meaning = other === null ? [] : meaningOf(member.meaning, other.meaning);
    if (!same || meaning.length > 0) changed.push({ name: member.name, published: member, rebuilt: other, meaning });
    // Where the owner's permissions differ too, the others are part of that.
    const packing = other === null ? [] : fieldDifferences(member.name, member.fields, other.fields, same);
    wrapper.push(...packing.filter(({ subject }) => meaning.length === 0 || subject !== 'mode'));
  }
  for (const [key, member] of ours)
    if (!theirs.has(key)) changed.push({ name: member.name, published: null, rebuilt: member, meaning: [] });
  const order = orderDifference([...theirs.keys()], [...ours.keys()]);
  if (order !== null) wrapper.push(order);
  const restDiffers = !sameBytes(published.rest, rebuilt.rest);
  // Same members in the same order with the same headers: then it is how they were compressed.
  if (wrapper.length === 0 && changed.length === 0 && !restDiffers && published.format !== 'tar' && published.format !== 'ar')
    wrapper.push({ subject: 'compression', member: '', published: 'one form', rebuilt: 'another form of the same bytes' });
  return { wrapper, changed, restDiffers };
}

/** A name may be there twice: the nth is compared with the nth. */
function byKey(layer: Layer): Map<string, LayerMember> {
  const members = new Map<string, LayerMember>();
  const seen = new Map<string, number>();
  for (const member of layer.members) {
    const count = seen.get(member.name) ?? 0;
    seen.set(member.name, count + 1);
    members.set(`${count} ${member.name}`, member);
  }
  return members;
}

/** @param same whether the content is: other content is compressed to other bytes, which says nothing */
function fieldDifferences(member: string, published: WrapperFields, rebuilt: WrapperFields, same = true): WrapperDifference[] {
  const names = [...new Set([...Object.keys(published), ...Object.keys(rebuilt)])];
  const found = names
    .filter((name) => published[name] !== rebuilt[name])
    .map((name) => ({ subject: subjectOf(name), member, published: shown(name, published), rebuilt: shown(name, rebuilt) }))
    .filter(({ subject }) => same || subject !== 'compression');
  // A header holds the fields: it is named when none of them says why it differs. Its sizes and checksums follow the content.
  const named = found.filter(({ subject }) => subject !== 'header');
  return named.length > 0 || !same ? named : found;
}

/** Records have names of their own, which their subject does not say. */
function shown(name: string, fields: WrapperFields): string {
  const value = fields[name];
  if (value === undefined) return 'nothing';
  return subjectOf(name) === 'extra' ? `${name} ${value}` : value;
}

function subjectOf(field: string): WrapperSubject {
  return field in WRAPPER_SUBJECTS ? (field as WrapperSubject) : 'extra';
}

function meaningOf(published: WrapperFields, rebuilt: WrapperFields): string[] {
  const names = [...new Set([...Object.keys(published), ...Object.keys(rebuilt)])];
  return names
    .filter((name) => published[name] !== rebuilt[name])
    .map((name) => versus(name, published[name] || null, rebuilt[name] || null));
}

/** Whether what both have stands in another order. */
function orderDifference(published: readonly string[], rebuilt: readonly string[]): WrapperDifference | null {
  const [theirs, ours] = [new Set(published), new Set(rebuilt)];
  const [a, b] = [published.filter((key) => ours.has(key)), rebuilt.filter((key) => theirs.has(key))];
  const at = a.findIndex((key, index) => key !== b[index]);
  if (at === -1) return null;
  const nameAt = (keys: readonly string[]): string => `${keys[at]!.slice(keys[at]!.indexOf(' ') + 1)} at place ${at + 1}`;
  return { subject: 'order', member: '', published: nameAt(a), rebuilt: nameAt(b) };
}
