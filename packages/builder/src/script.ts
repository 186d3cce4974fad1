/** Several commands in one sandbox, one after the other, as a script that sh runs: one tree of processes, one log, one set of limits. Pure. */
import type { PlanFile } from './plan.ts';

export interface Command {
  readonly argv: readonly string[];
  /** The plan's folder when left out. */
  readonly cwd?: string;
  /** Beside the plan's environment, or instead of what it says. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A file of a plan that runs the commands; the first that fails ends it with its exit code. The plan needs the program `sh`. */
export function scriptFile(path: string, commands: readonly Command[]): PlanFile {
  const lines = commands.map(({ argv, cwd, env = {} }) => {
    const variables = Object.entries(env).map(([name, value]) => `${name}=${quote(value)}`);
    const command = [...variables, ...argv.map(quote)].join(' ');
    return cwd === undefined ? command : `(cd ${quote(cwd)} && ${command})`;
  });
  return { path, mode: 0o555, text: ['#!/bin/sh', 'set -e', ...lines, ''].join('\n') };
}

/** One word of sh. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
