import { expand, type Variables } from './expand.ts';
import type { ReleaseFacts } from './values.ts';

/** Places in one script that are looked at. */
const MAX_PLACES = 64;
const MAX_VARIABLES = 1000;
const MAX_VALUE = 4096;

/** Values of `-ldflags` that a script may give the go command, in its order. Patterns only: the script is somebody else's text. */
export function linkerFlagsInScript(text: string, facts: ReleaseFacts): string[] {
  const joined = joinLines(text);
  const variables = variablesOf(joined);
  const found = new Set<string>();
  for (const raw of placesOf(joined)) {
    for (const value of expand(raw, variables, facts)) for (const spelling of unquoted(value)) found.add(spelling);
  }
  return [...found];
}

/** Make and the shell read on after a backslash at the end of a line. */
function joinLines(text: string): string {
  const joined: string[] = [];
  let open = false;
  for (const line of text.split('\n')) {
    const trimmed = line.trimEnd();
    const goesOn = trimmed.endsWith('\\');
    const content = goesOn ? trimmed.slice(0, -1).trimEnd() : line;
    if (open) joined.push(`${joined.pop()!} ${content.trimStart()}`);
    else joined.push(content);
    open = goesOn;
  }
  return joined.join('\n');
}

/** `NAME = value`, `NAME := value`, `NAME="value"`, `NAME: value`; `+=` adds. The first of several that are not added wins: others are for other targets. */
function variablesOf(text: string): Variables {
  const variables = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line.length > MAX_VALUE || variables.size > MAX_VARIABLES) continue;
    const [, name, sign, value] =
      /^[ \t-]*(?:export |local |readonly |ARG |ENV )?([A-Za-z_]\w*)[ \t]*(\+=|[:?]{0,2}=|:)(.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const [plain] = unquoted(value!.trim()).slice(-1);
    if (sign === '+=') variables.set(name, `${variables.get(name) ?? ''} ${plain}`.trimStart());
    else if (!variables.has(name)) variables.set(name, plain!);
  }
  return variables;
}

/** What follows each `-ldflags`, as it is written. */
function placesOf(text: string): string[] {
  const places: string[] = [];
  for (let at = text.indexOf('-ldflags'); at >= 0 && places.length < MAX_PLACES; at = text.indexOf('-ldflags', at + 1)) {
    const separator = /^=?[ \t]*/.exec(text.slice(at + 8, at + 16))![0];
    const value = valueAt(text, at + 8 + separator.length, separator === '=' ? (text[at - 1] ?? '') : '');
    if (separator !== '' && value !== '') places.push(value);
  }
  return places;
}

/** @param before the quote in front of the flag, when flag and value are quoted together */
function valueAt(text: string, start: number, before: string): string {
  const rest = text.slice(start, start + MAX_VALUE);
  const line = rest.slice(0, rest.search(/\n|$/));
  if (before === '"' || before === "'") return line.slice(0, line.search(before === '"' ? /(?<!\\)"|$/ : /'|$/));
  // Quoted within a quoted command.
  const escaped = /^\\(["'])(.*?)\\\1/.exec(line);
  if (escaped !== null) return escaped[2]!;
  if (line.startsWith("'")) return line.slice(1, Math.max(line.indexOf("'", 1), 1));
  if (line.startsWith('"')) return line.slice(1, 1 + Math.max(line.slice(1).search(/(?<!\\)"/), 0)).replaceAll('\\"', '"');
  return /^(?:\$\([^)]*\)|\$?\{\{[^}]*\}\}|\$\{[^}]*\}|[^\s"'])*/.exec(line)![0];
}

/** A text, and the text in its quotes: some scripts have their commands read by a shell a second time. */
function unquoted(text: string): string[] {
  const inner = /^(["'])(.*)\1$/.exec(text)?.[2];
  return inner === undefined || inner.includes(text[0]!) ? [text] : [text, ...unquoted(inner)];
}
