import type { Range } from './bytes.ts';
import { latin1 } from './bytes.ts';
import type { Slot } from './slots.ts';
import { tokensIn } from './tokens.ts';
import type { CauseCode, HostFacts, StringClass } from './types.ts';

/** How far around a differing byte a value is looked for. */
const WINDOW = 128;
/** Shorter names occur everywhere. */
const MIN_NAME = 3;
const NAME = /^[\w.@-]+$/;
const PATH = /^\/[\x21-\x7e]*$/;

const CODES: Readonly<Partial<Record<StringClass, CauseCode>>> = {
  uuid: 'random-value',
  timestamp: 'timestamp',
  'temporary-path': 'temporary-path',
  path: 'build-path',
  host: 'hostname',
  hex: 'random-value',
};

/** A name of the build machine and what follows when it stands in the file. */
export interface HostValue {
  readonly code: CauseCode;
  readonly kind: string;
  readonly value: string;
  readonly shape: RegExp;
}

export function hostValues(host: HostFacts = {}): HostValue[] {
  const values: HostValue[] = [];
  for (const folder of host.folders ?? []) {
    // One segment, such as /src, is no evidence: a constant may be called that.
    if (folder.split('/').length > 2) values.push({ code: 'build-path', kind: 'build folder', value: folder, shape: PATH });
  }
  if (host.hostname !== undefined) values.push({ code: 'hostname', kind: 'host name', value: host.hostname, shape: NAME });
  if (host.user !== undefined) values.push({ code: 'user', kind: 'user', value: host.user, shape: NAME });
  return values.filter(({ value }) => value.length >= MIN_NAME).sort((a, b) => b.value.length - a.value.length);
}

/** The value that covers a differing run and has the same place and shape in both files; null when there is none. */
export function valueAround(a: Uint8Array, b: Uint8Array, run: Range, names: readonly HostValue[]): Slot | null {
  if (run.end - run.start > WINDOW) return null;
  const from = Math.max(0, run.start - WINDOW);
  const [left, right] = [a, b].map((bytes) => latin1(bytes.subarray(from, run.end + WINDOW))) as [string, string];
  const [start, end] = [run.start - from, run.end - from];
  const slotAt = (at: number, length: number, code: CauseCode, kind: string): Slot => ({
    code,
    kind,
    start: from + at,
    end: from + at + length,
    published: left.slice(at, at + length),
    rebuilt: right.slice(at, at + length),
  });
  for (const { value, code, kind, shape } of names) {
    for (let at = right.indexOf(value); at >= 0 && at <= start; at = right.indexOf(value, at + 1)) {
      if (at + value.length >= end && shape.test(left.slice(at, at + value.length))) return slotAt(at, value.length, code, kind);
    }
  }
  const ours = tokensIn(right).find((token) => token.at <= start && token.at + token.text.length >= end);
  const code = ours === undefined ? undefined : CODES[ours.class];
  if (ours === undefined || code === undefined) return null;
  const theirs = tokensIn(left).find(
    (token) => token.at === ours.at && token.text.length === ours.text.length && token.class === ours.class,
  );
  return theirs === undefined ? null : slotAt(ours.at, ours.text.length, code, ours.class);
}
