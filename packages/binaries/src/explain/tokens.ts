import { TIMESTAMP } from './timestamps.ts';
import type { ClassifiedString, StringClass } from './types.ts';

/** What a value looks like, the most telling class first. All patterns are linear: no repetition within a repetition over the same characters. */
const PATTERNS: readonly (readonly [StringClass, RegExp])[] = [
  ['uuid', /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi],
  ['temporary-path', /(?:\/(?:private\/)?(?:var\/)?tmp|\/var\/folders|\/dev\/shm)\/[\w.@+~/-]{4,}/g],
  ['timestamp', TIMESTAMP],
  ['path', /(?:\/[\w.@+~-]+){2,}\/?/g],
  ['host', /[a-z_][\w-]{1,31}@[\w][\w.-]{2,63}/gi],
  ['hex', /[0-9a-f]{16,128}|[0-9A-F]{16,128}/g],
  ['version', /v?\d{1,9}\.\d{1,9}\.\d{1,9}(?:[-+][\w.+-]{1,64})?/g],
];

export interface Token extends ClassifiedString {
  /** Where it begins in the text that was searched. */
  readonly at: number;
}

/** The classified values in a text, each place in one class only. */
export function tokensIn(text: string): Token[] {
  const taken: { start: number; end: number }[] = [];
  const tokens: Token[] = [];
  for (const [kind, pattern] of PATTERNS) {
    for (const match of text.matchAll(pattern)) {
      const [start, end] = [match.index, match.index + match[0].length];
      if (taken.some((range) => range.start < end && start < range.end)) continue;
      taken.push({ start, end });
      tokens.push({ class: kind === 'temporary-path' && !isRandom(match[0]) ? 'path' : kind, text: match[0], at: start });
    }
  }
  return tokens.sort((a, b) => a.at - b.at);
}

/** Whether a folder was named by mkdtemp or its like, not by a person: many digits, or six letters of which some are digits or capitals. */
function isRandom(path: string): boolean {
  return path
    .split('/')
    .some(
      (segment) =>
        /\d{5}|\.tmp\w{6}$/.test(segment) || (/[A-Za-z0-9]{6}$/.test(segment) && /[a-z]\d|\d[a-z]|[a-z][A-Z]\w*\d|[A-Z]{2}/.test(segment)),
    );
}

/** Whether the whole text is one value of this class. */
export function isA(kind: StringClass, text: string): boolean {
  const pattern = PATTERNS.find(([name]) => name === kind)?.[1];
  if (pattern === undefined) return false;
  for (const match of text.matchAll(pattern)) return match.index === 0 && match[0].length === text.length;
  return false;
}
