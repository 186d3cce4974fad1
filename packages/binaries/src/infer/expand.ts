import type { ReleaseFacts } from './values.ts';
import { valuesOf } from './values.ts';

/** A variable of the same script, by name. */
export type Variables = ReadonlyMap<string, string>;

/** Texts that one text may come to; what is beyond is not looked at. */
const MAX_TEXTS = 64;
const MAX_LENGTH = 4096;
const MAX_DEPTH = 4;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;

/** What a text with `$NAME`, `${NAME}`, `$(command)`, `` `command` `` and `{{ .Field }}` in it may come to; [] where something in it is unknown. */
export function expand(text: string, variables: Variables, facts: ReleaseFacts, depth = 0): string[] {
  if (text.length > MAX_LENGTH || depth > MAX_DEPTH) return [];
  let texts = [''];
  for (const piece of piecesOf(text)) {
    const choices = typeof piece === 'string' ? [piece] : choicesOf(piece.hole, variables, facts, depth);
    texts = texts.flatMap((before) => choices.map((choice) => before + choice)).slice(0, MAX_TEXTS);
  }
  return texts.filter(({ length }) => length <= MAX_LENGTH);
}

function choicesOf(hole: string, variables: Variables, facts: ReleaseFacts, depth: number): readonly string[] {
  // `${VERSION:-dev}` and `${VERSION#v}`: the name decides, and whether a v is in front.
  const name = /^[\w.-]+/.exec(hole)?.[0] ?? hole;
  const defined = variables.get(name);
  const inner = defined === undefined ? [] : expand(defined, variables, facts, depth + 1);
  const found = inner.length > 0 ? inner : valuesOf(/\s/.test(hole) ? hole : lastOf(name), facts);
  return /^[\w.-]+#v$/.test(hole) ? found.map((each) => each.replace(/^v/, '')) : found;
}

/** `VERSION` of `.Env.VERSION` and `github.sha`'s `sha`; GoReleaser's own fields keep their dot. */
function lastOf(name: string): string {
  return /^\.(?:Env\.)/.test(name) ? name.split('.').at(-1)! : name;
}

interface Hole {
  readonly hole: string;
}

function piecesOf(text: string): (string | Hole)[] {
  const pieces: (string | Hole)[] = [];
  let literal = 0;
  let at = 0;
  const take = (start: number, hole: string, end: number): void => {
    if (start > literal) pieces.push(text.slice(literal, start));
    pieces.push({ hole: hole.trim() });
    at = literal = end;
  };
  while (at < text.length) {
    const found = holeAt(text, at);
    if (found === null) at += 1;
    else take(at, found.hole, found.end);
  }
  if (literal < text.length) pieces.push(text.slice(literal));
  return pieces;
}

function holeAt(text: string, at: number): { readonly hole: string; readonly end: number } | null {
  const rest = text.slice(at, at + 512);
  const braces = /^\$?\{\{([^{}]*)\}\}/.exec(rest);
  if (braces !== null) return { hole: braces[1]!, end: at + braces[0].length };
  if (rest.startsWith('`')) {
    const end = rest.indexOf('`', 1);
    return end < 0 ? null : { hole: rest.slice(1, end), end: at + end + 1 };
  }
  if (!rest.startsWith('$')) return null;
  if (rest[1] === '(' || rest[1] === '{') {
    const end = closing(rest, 1);
    return end < 0 ? null : { hole: rest.slice(2, end).replace(/^shell /, ''), end: at + end + 1 };
  }
  const name = NAME.exec(rest.slice(1))?.[0];
  return name === undefined ? null : { hole: name, end: at + 1 + name.length };
}

/** The bracket that closes the one at `open`; -1 when none does. */
function closing(text: string, open: number): number {
  const [left, right] = text[open] === '(' ? ['(', ')'] : ['{', '}'];
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === left) depth += 1;
    else if (text[at] === right && (depth -= 1) === 0) return at;
  }
  return -1;
}
