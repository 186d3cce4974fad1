import type { FileExplanation } from '@verbatim/binaries/archives';
import { paint, printable } from '../io.ts';
import type { Io } from '../io.ts';
import type { Result } from './json.ts';
import type { Side } from './explain.ts';

type Class = FileExplanation['class'];

/** A symbol stands before words that say the same; it never means anything alone. */
export const HEADINGS: Readonly<Record<Class, readonly [symbol: string, colour: 'green' | 'red' | 'yellow', words: string]>> = {
  identical: ['✓', 'green', 'identical'],
  'identical-except-ids': ['✗', 'yellow', 'different: build IDs only'],
  explained: ['✗', 'yellow', 'different: explained'],
  nondeterministic: ['✗', 'yellow', 'different: the build does not agree with itself'],
  unexplained: ['✗', 'red', 'different: not explained'],
};

/** Of each list so many lines are printed; --json has all of them. */
const SHOWN = 10;

/** For people: the class first, then causes with what to do, then where the bytes differ; members of packages one by one. */
export function toText({ published, rebuilt, explanation, report }: Result, io: Io): string {
  const [symbol, colour, words] = HEADINGS[explanation.class];
  const lines = [
    paint(io, colour, `${symbol} ${words}`),
    `  published ${side(published)}`,
    `  rebuilt   ${side(rebuilt)}`,
    ...explanationLines(explanation, '  '),
  ];
  if (explanation.class !== 'identical') lines.push('  An explanation never makes a match: only identical files are reproduced.');
  if (report !== null && report.text !== '') {
    lines.push('', `diffoscope ${printable(report.version ?? '')}${report.status === 'cut-short' ? ' (cut short)' : ''}:`);
    lines.push(...report.text.trimEnd().split('\n').map(printable));
  }
  return `${lines.join('\n')}\n`;
}

const side = ({ file, sha256, bytes }: Side): string => `${printable(file)}  ${bytes.length} bytes  sha256:${sha256}`;

/** What is known of a difference, line by line, without its class. */
export function explanationLines(explained: FileExplanation, indent: string): string[] {
  const { causes, claims, parts, strings, truncated, members, problem } = explained;
  const lines: string[] = [];
  if (problem !== null) lines.push(`not looked into: ${problem}`);
  for (const { code, certainty, summary, evidence, advice } of causes) {
    lines.push(`${certainty === 'proven' ? 'cause' : 'perhaps'} ${code}: ${summary}`);
    lines.push(...evidence.map((fact) => `    ${fact}`), `    → ${advice}`);
  }
  lines.push(
    ...some(claims, 'claims', ({ claim, published, rebuilt }) => `${claim}: published ${said(published)}, rebuilt ${said(rebuilt)}`),
  );
  lines.push(
    ...some(parts, 'parts', ({ name, publishedSize, rebuiltSize, differing, accounted, moved }) => {
      const sizes =
        publishedSize === rebuiltSize ? `${publishedSize} bytes` : `${publishedSize ?? 'none'} against ${rebuiltSize ?? 'no'} bytes`;
      return `${name}: ${sizes}, ${differing} differ, ${accounted} of them accounted for${moved === 0 ? '' : `, ${moved} only moved`}`;
    }),
  );
  lines.push(...some(strings.publishedOnly, 'strings only in the published file', (each) => `${each.class}: ${each.text}`));
  lines.push(...some(strings.rebuiltOnly, 'strings only in the rebuilt file', (each) => `${each.class}: ${each.text}`));
  if (truncated.length > 0) lines.push(`cut off at a limit: ${truncated.join(', ')}`);
  const own = lines.map((line) => `${indent}${printable(line)}`);
  for (const { path, sizes, explanation } of members.slice(0, SHOWN)) {
    const [symbol, , words] = explanation === null ? (['✗', '', 'different'] as const) : HEADINGS[explanation.class];
    const missing = sizes.published === null ? ', only in the rebuilt file' : sizes.rebuilt === null ? ', only in the published file' : '';
    const name = path === '' ? 'what is compressed in it' : `member ${printable(path)}`;
    own.push(`${indent}${symbol} ${name}: ${words}${missing}`);
    if (explanation !== null) own.push(...explanationLines(explanation, `${indent}  `));
  }
  if (members.length > SHOWN) own.push(`${indent}and ${members.length - SHOWN} more members (--json lists them)`);
  return own;
}

function some<T>(items: readonly T[], what: string, line: (item: T) => string): string[] {
  if (items.length === 0) return [];
  const more = items.length > SHOWN ? [`    and ${items.length - SHOWN} more (--json lists them)`] : [];
  return [`${what}:`, ...items.slice(0, SHOWN).map((item) => `    ${line(item)}`), ...more];
}

const said = (text: string | null): string => (text === null ? 'nothing' : text);
