import type { Command } from 'commander';
import type { Io } from './io.ts';
import type { Finish } from './run.ts';

/** A command's own file: adds its options and action to `command`; the action hands its exit code to `finish`. */
export interface CommandModule {
  configure(command: Command, io: Io, finish: Finish): void;
}

/** What there is. The modules are loaded when asked for, so that `verify` pays for nothing else. */
export const COMMANDS: readonly { name: string; summary: string; load(): Promise<CommandModule> }[] = [
  { name: 'verify', summary: 'say whether files were reproduced', load: () => import('./commands/verify.ts') },
  { name: 'fetch', summary: 'download a file; it appears only when it is reproduced', load: () => import('./commands/fetch.ts') },
  { name: 'exec', summary: 'run a program if it is reproduced', load: () => import('./commands/exec.ts') },
  { name: 'policy', summary: 'show whom the policy trusts', load: () => import('./commands/policy.ts') },
  { name: 'explain', summary: 'say why two builds differ', load: () => import('./commands/explain.ts') },
  { name: 'rebuild', summary: 'rebuild a file on this machine and compare', load: () => import('./commands/rebuild.ts') },
  { name: 'recipe', summary: 'propose how a program was built', load: () => import('./commands/recipe.ts') },
  { name: 'release', summary: 'register a release in a log', load: () => import('./commands/release.ts') },
  { name: 'keygen', summary: 'make a signing key', load: () => import('./commands/keygen.ts') },
  { name: 'log', summary: 'read a log, or administer one', load: () => import('./commands/log.ts') },
  { name: 'rebuilder', summary: 'operate a rebuilder node', load: () => import('./commands/rebuilder.ts') },
];
