import { BinaryError } from './errors.ts';
import { unquote, unquotePrefix } from './go-quote.ts';

/** A module as a binary names it. `sum` is its `h1:` hash, empty when the build did not know one (main module, vendored). */
export interface GoModule {
  readonly path: string;
  readonly version: string;
  readonly sum: string;
  /** What a `replace` directive put in its place. */
  readonly replace?: GoModule;
}

/** The text part of Go build info. */
export interface ModuleInfo {
  /** Import path of the main package; `command-line-arguments` when files were named. */
  readonly path: string;
  readonly main: GoModule | null;
  readonly deps: readonly GoModule[];
  /** `build` lines in the order of the file. */
  readonly settings: ReadonlyMap<string, string>;
}

/** Parses what runtime/debug.ParseBuildInfo parses, and refuses what that refuses; also a repeated `build` key, which cmd/go never writes. */
export function parseModuleInfo(text: string): ModuleInfo {
  let path = '';
  let main: GoModule | null = null;
  const deps: GoModule[] = [];
  const settings = new Map<string, string>();
  let replaceable: 'main' | 'dep' | null = null;
  // What follows the last newline is not a line.
  for (const line of text.split('\n').slice(0, -1)) {
    if (line.startsWith('path\t')) {
      path = line.slice(5);
    } else if (line.startsWith('mod\t')) {
      main = moduleOf(line.slice(4));
      replaceable = 'main';
    } else if (line.startsWith('dep\t')) {
      deps.push(moduleOf(line.slice(4)));
      replaceable = 'dep';
    } else if (line.startsWith('=>\t')) {
      const replace = moduleOf(line.slice(3));
      if (line.split('\t').length !== 4) throw bad('a replacement of 3 columns', line);
      if (replaceable === 'main') main = { ...main!, replace };
      else if (replaceable === 'dep') deps.push({ ...deps.pop()!, replace });
      else throw bad('a replacement after its module', line);
      replaceable = null;
    } else if (line.startsWith('build\t')) {
      const [key, value] = setting(line.slice(6));
      if (settings.has(key)) throw bad('every build key once', line);
      settings.set(key, value);
    }
  }
  return { path, main, deps, settings };
}

function moduleOf(columns: string): GoModule {
  const [path, version, sum, ...rest] = columns.split('\t');
  if (path === undefined || version === undefined || rest.length > 0) throw bad('2 or 3 columns', columns);
  return { path, version, sum: sum ?? '' };
}

function setting(text: string): [string, string] {
  let key: string;
  let value: string;
  if (text.startsWith('"') || text.startsWith('`')) {
    const quoted = unquotePrefix(text);
    if (text[quoted.length] !== '=') throw bad("'=' after the quoted key", text);
    key = quoted.value;
    value = text.slice(quoted.length + 1);
  } else {
    const equals = text.indexOf('=');
    key = text.slice(0, Math.max(0, equals));
    value = text.slice(equals + 1);
    if (equals <= 0 || /[ \t\r"`]/.test(key)) throw bad('KEY=VALUE', text);
  }
  if (value.startsWith('"') || value.startsWith('`')) return [key, unquote(value)];
  if (/[ \t\r"`]/.test(value)) throw bad('a value with blanks or quotes to be quoted', text);
  return [key, value];
}

function bad(expected: string, found: string): BinaryError {
  return new BinaryError('malformed', `Go build info: expected ${expected}, found ${JSON.stringify(found.slice(0, 120))}`);
}
