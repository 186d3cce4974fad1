// What the cases of the corpus are made of.
import type { CauseCode, ExplainContext, ExplanationClass, OwnRebuild } from '@verbatim/binaries';
import type { Built, GoProgram } from './_build.ts';
import type { GoModules } from './_proxy.ts';

/** What else is built, and what the rebuilder knows: made from the rebuild itself. */
export interface Extra {
  /** Further rebuilds of our own; with no `program`, the rebuilt one once more. */
  readonly again?: readonly { readonly program?: GoProgram; readonly varied: OwnRebuild['varied'] }[];
  readonly context?: (rebuilt: Built) => ExplainContext;
}

export interface GoCase extends Extra {
  readonly name: string;
  readonly published: GoProgram;
  readonly rebuilt: GoProgram;
  /** The code that must come first. */
  readonly code: CauseCode;
  readonly subject?: string;
  readonly class: ExplanationClass;
}

export const MOD = 'module example.org/app\n\ngo 1.21\n';
export const main = (body: string, declarations = ''): Record<string, string> => ({
  'go.mod': MOD,
  'main.go': `package main\n\n${declarations}\n\nfunc main() {\n${body}\n}\n`,
});
export const STAMPED = main('println("built", stamp)', 'var stamp = "unset"');
export const HELLO = main('println("hello")');
export const stamp = (value: string) => `-s -w -X main.stamp=${value}`;
export const now = () => new Date().toISOString().replace(/\.\d+/, '');
/** The publisher's clock. */
export const PUBLISHED = Date.parse('2026-03-04T05:06:07Z') / 1000;
export const times = ({ from, to }: Built): ExplainContext => ({ host: { from, to }, publishedAt: PUBLISHED + 3600 });
/** As a template engine or a script would write it. */
export const constant = (name: string, value: string): Record<string, string> => ({
  'stamp.go': `package main\n\nvar ${name} = ${value}\n`,
});

const DEPENDENT = {
  'main.go': 'package main\n\nimport "example.org/dep"\n\nfunc main() { println(dep.Name()) }\n',
};
export const withDependency = (code: string, version = 'v1.0.0'): Record<string, string> => ({
  ...DEPENDENT,
  'go.mod': `${MOD}\nrequire example.org/dep ${version}\n\nreplace example.org/dep => ./dep\n`,
  'dep/go.mod': 'module example.org/dep\n\ngo 1.21\n',
  'dep/dep.go': `package dep\n\n//go:noinline\n${code}\n`,
});
export const DEP = 'func Name() string { return "dep" }';

/** The same dependency through a module proxy, so that it has a hash. */
export const release = (version: string, code: string) => ({
  [`example.org/dep@${version}`]: { 'go.mod': 'module example.org/dep\n\ngo 1.21\n', 'dep.go': `package dep\n\n${code}\n` },
});
const REQUIRING = { ...DEPENDENT, 'go.mod': `${MOD}\nrequire example.org/dep v1.0.0\n` };
export const downloaded = (modules: GoModules, ...before: string[][]): GoProgram => ({
  files: REQUIRING,
  modules,
  before: [...before, ['mod', 'tidy']],
});
export const OLD = release('v1.0.0', DEP);
export const NEWER = { ...OLD, ...release('v1.1.0', 'func Name() string { return "new" }') };
