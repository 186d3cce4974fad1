import { orElse } from '../errors.ts';
import { readImages } from '../identify.ts';
import { sectionBytes } from '../layout.ts';
import { ascii, indexOfBytes } from '../reader.ts';
import { latin1 } from './bytes.ts';
import { causeOf, versus } from './causes.ts';
import type { Claims } from './claims-go.ts';
import { MAX_STRING_LENGTH } from './limits.ts';
import type { Cause, ClaimDifference } from './types.ts';

/** More than any linker writes into `.comment`. */
const MAX_COMMENT_BYTES = 64 * 1024;
/** Places of one marker that are looked at. */
const MAX_PLACES = 10_000;

/** The tools that signed `.comment`: `rustc version 1.95.0 (…)`, `GCC: (Debian 12.2.0-14) 12.2.0`, `Linker: LLD 22.1.2`. */
export function commentOf(bytes: Uint8Array): string[] {
  const [image] = orElse(() => readImages(bytes), []);
  const section = image === undefined ? null : sectionBytes(image, '.comment');
  if (section === null || section.length > MAX_COMMENT_BYTES) return [];
  return [...new Set(latin1(section).split('\0'))].filter((line) => line !== '').sort();
}

/** What `.comment` and the paths that compilers embed say differently: C and Rust toolchains, CARGO_HOME, crates. */
export function toolchainClaims(published: Uint8Array, rebuilt: Uint8Array): Claims {
  const claims = commentClaims(commentOf(published), commentOf(rebuilt));
  const [a, b] = [rustFacts(published), rustFacts(rebuilt)];
  for (const name of new Set([...a.keys(), ...b.keys()])) {
    const [left, right] = [a.get(name) ?? null, b.get(name) ?? null];
    // Which crates leave a path depends on what panics: a crate that only one file names is no claim.
    if (left !== right && left !== null && right !== null) claims.push({ claim: name, published: left, rebuilt: right });
  }
  return { claims, causes: causesOf(claims) };
}

function commentClaims(a: readonly string[], b: readonly string[]): ClaimDifference[] {
  const tools = new Map<string, { published: string[]; rebuilt: string[] }>();
  const note = (line: string, side: 'published' | 'rebuilt') => {
    const tool = toolOf(line);
    const lines = tools.get(tool) ?? { published: [], rebuilt: [] };
    lines[side].push(line);
    tools.set(tool, lines);
  };
  for (const line of a) if (!b.includes(line)) note(line, 'published');
  for (const line of b) if (!a.includes(line)) note(line, 'rebuilt');
  const text = (lines: readonly string[]) => (lines.length === 0 ? null : lines.join('; '));
  return [...tools].map(([tool, lines]) => ({
    claim: `.comment: ${tool}`,
    published: text(lines.published),
    rebuilt: text(lines.rebuilt),
  }));
}

/** The tool a line of `.comment` names: what stands before its version. */
function toolOf(line: string): string {
  return /^(rustc|GCC|Linker: LLD|[A-Za-z]+ clang|clang)\b/.exec(line)?.[1] ?? 'other';
}

/** Facts by name, each with all its values: `rustc commit`, `rustc sources`, `CARGO_HOME`, `crate serde`. */
export function rustFacts(bytes: Uint8Array): Map<string, string> {
  const facts = new Map<string, Set<string>>();
  const add = (name: string, value: string) => facts.set(name, (facts.get(name) ?? new Set()).add(value));
  for (const { after } of places(bytes, '/rustc/')) {
    const commit = /^[0-9a-f]{40}(?=\/)/.exec(after)?.[0];
    if (commit !== undefined) add('rustc commit', commit);
  }
  for (const { after } of places(bytes, '/usr/src/rustc-')) {
    const version = /^[0-9]+\.[0-9]+\.[0-9]+/.exec(after)?.[0];
    if (version !== undefined) add('rustc sources', version);
  }
  for (const { before, after } of places(bytes, '/registry/src/')) {
    const home = /(?:\/[\w.@+~-]+)+$/.exec(before)?.[0];
    const crate = /^[\w.-]+\/([A-Za-z][\w-]*)-([0-9]+\.[0-9]+\.[0-9]+[\w.+-]*)\//.exec(after);
    if (home !== undefined) add('CARGO_HOME', home);
    if (crate !== null) add(`crate ${crate[1]}`, crate[2]!);
  }
  return new Map([...facts].map(([name, values]) => [name, [...values].sort().slice(0, 8).join(', ')]));
}

export function* places(bytes: Uint8Array, marker: string): Generator<{ before: string; after: string }> {
  const needle = ascii(marker);
  let at = indexOfBytes(bytes, needle);
  for (let count = 0; at >= 0 && count < MAX_PLACES; count += 1) {
    yield {
      before: latin1(bytes.subarray(Math.max(0, at - MAX_STRING_LENGTH), at)),
      after: latin1(bytes.subarray(at + needle.length, at + needle.length + MAX_STRING_LENGTH)),
    };
    at = indexOfBytes(bytes, needle, at + needle.length);
  }
}

function causesOf(claims: readonly ClaimDifference[]): Cause[] {
  const fact = ({ claim, published, rebuilt }: ClaimDifference) => versus(claim, published, rebuilt);
  const named = (pattern: RegExp) => claims.filter(({ claim }) => pattern.test(claim));
  const causes: Cause[] = [];
  const rustc = named(/^(\.comment: rustc|rustc (commit|sources))$/);
  if (rustc.length > 0) causes.push(causeOf('compiler-version', { subject: 'rustc', evidence: rustc.map(fact) }));
  for (const crate of named(/^crate /)) {
    causes.push(causeOf('dependency-version', { subject: crate.claim.slice('crate '.length), evidence: [fact(crate)] }));
  }
  const linking = named(/^\.comment: (?!rustc)/);
  if (linking.length > 0) {
    const tools = linking.map(({ claim }) => claim.slice('.comment: '.length)).join(', ');
    causes.push(causeOf('linker-or-crt', { subject: tools, evidence: linking.map(fact) }));
  }
  const home = named(/^CARGO_HOME$/);
  if (home.length > 0) causes.push(causeOf('build-path', { subject: 'CARGO_HOME', evidence: home.map(fact) }));
  return causes;
}
