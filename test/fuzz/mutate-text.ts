/** Mutations of lines and words. */
import type { Mutation } from './mutation.ts';

/** Numbers, names and characters that parsers are known to trip over. */
export const WORDS: readonly string[] = [
  '',
  '0',
  '-1',
  '00',
  '01',
  '1e3',
  '0x10',
  '1.0',
  '9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '18446744073709551616',
  '__proto__',
  'constructor',
  'toString',
  'null',
  '..',
  '/',
  '%00',
  '%2e%2e',
  'AAB=',
  '====',
  'a'.repeat(300),
  '9'.repeat(70_000),
];
const CHARACTERS = [
  ' ',
  '\t',
  '\r',
  '\n',
  '\0',
  '\u00a0',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\u202e',
  '\ud800',
  '\u2014',
  '\u00e9',
  'e\u0301',
  '\ud83e\udd80',
  '+',
  '#',
  '"',
  '\\',
];

export const TEXT_MUTATIONS: readonly Mutation<string>[] = [
  /** A line is gone. */
  (text, { at }) => lines(text, (all) => all.toSpliced(at(all.length), 1)),
  /** A line stands twice. */
  (text, { at }) => lines(text, (all) => all.toSpliced(at(all.length), 0, all[at(all.length)] ?? '')),
  /** A line stands elsewhere. */
  (text, { at, pick }) =>
    lines(text, (all) => {
      const [line = ''] = all.slice(at(all.length));
      return all.toSpliced(at(all.length), 1).toSpliced(pick(all.length + 1), 0, line);
    }),
  /** A line of another input. */
  (text, { at, pick, other }) =>
    lines(text, (all) => {
      const others = Buffer.from(other).toString('utf8').split('\n');
      return all.toSpliced(at(all.length), pick(2), others[pick(others.length)]!);
    }),
  /** Another word. */
  (text, { at, pick }) => word(text, at, () => WORDS[pick(WORDS.length)]!),
  /** A word changes case. */
  (text, { at, pick }) => word(text, at, (found) => (pick(2) === 0 ? found.toUpperCase() : found.toLowerCase())),
  /** A word twice. */
  (text, { at }) => word(text, at, (found) => `${found} ${found}`),
  /** A character. */
  (text, { at, pick }) => {
    const place = at(text.length + 1);
    return text.slice(0, place) + CHARACTERS[pick(CHARACTERS.length)]! + text.slice(place + pick(2));
  },
  /** Very long. */
  (text, { at }) => lines(text, (all) => all.toSpliced(at(all.length), 0, ...Array.from({ length: 200 }, () => all[at(all.length)] ?? ''))),
];

function lines(text: string, change: (all: string[]) => string[]): string {
  return change(text.split('\n')).join('\n');
}

function word(text: string, at: (length: number) => number, change: (found: string) => string): string {
  const found = [...text.matchAll(/[^\s"{},:[\]]+/gu)];
  const match = found[at(found.length)];
  if (match === undefined) return text;
  return text.slice(0, match.index) + change(match[0]) + text.slice(match.index + match[0].length);
}
