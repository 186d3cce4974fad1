import { findGoVersions, readGoBuildInfo } from '../build-info.ts';
import type { GoBuildInfo } from '../build-info.ts';
import { orElse } from '../errors.ts';
import type { GoModule } from '../module-info.ts';
import { splitGoVersion } from '../settings.ts';
import { causeOf, versus } from './causes.ts';
import type { Cause, CauseCode, ClaimDifference } from './types.ts';

/** What the Go build info of both files says differently, and which causes follow. */
export interface Claims {
  readonly claims: readonly ClaimDifference[];
  readonly causes: readonly Cause[];
}

export const NO_CLAIMS: Claims = { claims: [], causes: [] };

export function goClaims(published: Uint8Array, rebuilt: Uint8Array): Claims {
  const [a, b] = [infoOf(published), infoOf(rebuilt)];
  if (a === null && b === null) return versionStrings(published, rebuilt);
  if (a === null || b === null) {
    const claim = { claim: 'Go build info', published: a?.goVersion ?? null, rebuilt: b?.goVersion ?? null };
    const evidence = [versus('Go build info', a === null ? null : 'present', b === null ? null : 'present')];
    return { claims: [claim], causes: [causeOf('linker-or-crt', { subject: 'a linker that leaves out the Go build info', evidence })] };
  }
  const claims = claimDifferences(a, b);
  return { claims, causes: causesOf(claims, a, b) };
}

const infoOf = (bytes: Uint8Array): GoBuildInfo | null => orElse(() => readGoBuildInfo(bytes), null);

/** Without build info the version string in the data is all there is. */
function versionStrings(published: Uint8Array, rebuilt: Uint8Array): Claims {
  const [a, b] = [findGoVersions(published)[0] ?? null, findGoVersions(rebuilt)[0] ?? null];
  if (a === b || a === null || b === null) return NO_CLAIMS;
  const claim = { claim: 'go version', published: a, rebuilt: b };
  return { claims: [claim], causes: [causeOf('compiler-version', { subject: 'Go', evidence: [versus('Go version', a, b)] })] };
}

function claimDifferences(a: GoBuildInfo, b: GoBuildInfo): ClaimDifference[] {
  const claims: ClaimDifference[] = [];
  const say = (claim: string, published: string | null, rebuilt: string | null) => {
    if (published !== rebuilt) claims.push({ claim, published, rebuilt });
  };
  const [goA, goB] = [splitGoVersion(a.goVersion), splitGoVersion(b.goVersion)];
  if (goA.toolchain !== null && goA.toolchain === goB.toolchain) {
    say('build GOEXPERIMENT', goA.experiments ?? null, goB.experiments ?? null);
  } else {
    say('go version', a.goVersion, b.goVersion);
  }
  say('path', a.path, b.path);
  say('mod', moduleText(a.main), moduleText(b.main));
  for (const key of new Set([...a.settings.keys(), ...b.settings.keys()])) {
    // The version says it already.
    if (key === 'GOEXPERIMENT' && claims.some(({ claim }) => claim === 'build GOEXPERIMENT')) continue;
    say(`build ${key}`, a.settings.get(key) ?? null, b.settings.get(key) ?? null);
  }
  const [depsA, depsB] = [byPath(a.deps), byPath(b.deps)];
  for (const path of new Set([...depsA.keys(), ...depsB.keys()])) say(`dep ${path}`, depsA.get(path) ?? null, depsB.get(path) ?? null);
  return claims;
}

function moduleText(module: GoModule | null): string | null {
  if (module === null) return null;
  const own = [module.path, module.version, module.sum].filter((column) => column !== '').join(' ');
  return module.replace === undefined ? own : `${own} => ${moduleText(module.replace)}`;
}

const byPath = (modules: readonly GoModule[]): Map<string, string> => new Map(modules.map((module) => [module.path, moduleText(module)!]));

/** Settings that only say more about another one. */
const FOLLOWERS: Readonly<Record<string, RegExp>> = {
  CGO_ENABLED: /^CGO_/,
  '-trimpath': /^-ldflags$/,
  GOARCH: /^GO(386|AMD64|ARM|ARM64|MIPS|MIPS64|PPC64|RISCV64|WASM)$/,
};
const TARGET = /^(GOOS|GOARCH)$/;

function causesOf(claims: readonly ClaimDifference[], a: GoBuildInfo, b: GoBuildInfo): Cause[] {
  const causes: Cause[] = [];
  const add = (code: CauseCode, subject: string | undefined, reasons: readonly ClaimDifference[]) => {
    const evidence = reasons.map(({ claim, published, rebuilt }) => versus(claim, published, rebuilt));
    if (reasons.length > 0) causes.push(causeOf(code, { subject, evidence }));
  };
  const named = (pattern: RegExp) => claims.filter(({ claim }) => pattern.test(claim));
  add('compiler-version', 'Go', named(/^go version$/));
  add('main-package', undefined, named(/^path$/));
  const settings = named(/^build /).map((claim) => ({ ...claim, key: claim.claim.slice('build '.length) }));
  const keys = new Set(settings.map(({ key }) => key));
  for (const setting of settings) {
    const { key } = setting;
    if (key.startsWith('vcs') || TARGET.test(key)) continue;
    if (Object.entries(FOLLOWERS).some(([leader, follower]) => key !== leader && keys.has(leader) && follower.test(key))) continue;
    const followers = settings.filter((other) => other.key !== key && FOLLOWERS[key]?.test(other.key) === true);
    // Each release of Go has other defaults.
    if (key === 'DefaultGODEBUG') add('go-line', undefined, claims[0]?.claim === 'go version' ? [] : [setting]);
    else if (key === '-ldflags') add('ldflags', undefined, [setting]);
    else add('go-setting', key, [setting, ...followers]);
  }
  const stamps = named(/^build vcs(\.revision|\.time)?$/);
  const modified = named(/^build vcs\.modified$/);
  const version = named(/^mod$/);
  // A whole stamp on one side only also brings its vcs.modified line.
  if (stamps.length > 0) add('vcs-stamp', undefined, [...stamps, ...modified, ...version]);
  else if (modified.length > 0) add('vcs-modified', undefined, [...modified, ...version]);
  else if (a.path !== 'command-line-arguments' && b.path !== 'command-line-arguments') add('module-version', undefined, version);
  addDependencies(named(/^dep /), add);
  return causes;
}

function addDependencies(
  deps: readonly ClaimDifference[],
  add: (code: CauseCode, subject: string | undefined, reasons: readonly ClaimDifference[]) => void,
): void {
  const vendored = deps.filter(
    ({ published, rebuilt }) => published !== null && rebuilt !== null && withoutSums(published) === withoutSums(rebuilt),
  );
  const missing = vendored.filter(({ published, rebuilt }) => published!.includes(' h1:') !== rebuilt!.includes(' h1:'));
  for (const dep of deps) {
    if (missing.includes(dep)) continue;
    // A version has one content: another hash under the same one is a source that was changed or swapped.
    add(vendored.includes(dep) ? 'different-source' : 'dependency-version', dep.claim.slice('dep '.length), [dep]);
  }
  add('vendor-mode', undefined, missing);
}

const withoutSums = (module: string): string => module.replaceAll(/ h1:\S+/g, '');
