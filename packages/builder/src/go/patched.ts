/** Programs of the toolchain with a publisher's changes: their sources in the fetch stage, their build and use in the plan. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import type { GoRecipe, PatchedTool } from '@verbatim/statements';
import { readOptional } from '../digest.ts';
import { makeFolder } from '../fetch-folders.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import type { PlanFile } from '../plan.ts';
import type { Command } from '../script.ts';

type PatchedFile = PatchedTool['files'][number];

const filesOf = (patched: readonly PatchedTool[]): PatchedFile[] => patched.flatMap(({ files }) => files);

/** Writes the changed sources into `folder`, named by their places in the recipe. Null when they are there. */
export async function writePatched(patched: readonly PatchedTool[], goroot: string, folder: string): Promise<Unavailable | null> {
  await makeFolder(folder);
  for (const [index, changes] of filesOf(patched).entries()) {
    const bytes = await readOptional(join(goroot, changes.file));
    if (bytes === null) return unavailable('patch-mismatch', `expected ${changes.file} in the toolchain, found none`);
    const found = createHash('sha256').update(bytes).digest('hex');
    if (found !== changes.sha256)
      return unavailable('patch-mismatch', `${changes.file}: the recipe patches a file with sha256 ${changes.sha256}, found ${found}`);
    const text = applyEdits(bytes.toString('utf8'), changes.edits);
    if (typeof text !== 'string') return unavailable('patch-mismatch', `${changes.file}: ${text.problem}`);
    await writeFile(join(folder, String(index)), text, { mode: 0o644 });
  }
  return null;
}

/** The text with each edit made, in order. Pure. */
export function applyEdits(text: string, edits: PatchedFile['edits']): string | { readonly problem: string } {
  let edited = text;
  for (const { find, replace } of edits) {
    const pieces = edited.split(find);
    if (pieces.length !== 2) return { problem: `expected ${JSON.stringify(find)} exactly once, found ${pieces.length - 1} times` };
    edited = pieces.join(replace);
  }
  return edited;
}

interface Places {
  readonly goroot: string;
  /** Where the changed sources are mounted. */
  readonly patches: string;
  /** Writable: where the programs go. */
  readonly tools: string;
  readonly bin: string;
}

export interface PatchedBuild {
  /** Build the programs. */
  readonly commands: readonly Command[];
  /** Make `go build` use them. */
  readonly flag: string;
  readonly files: readonly PlanFile[];
}

/** How a plan builds the changed programs before, and uses them. Pure. */
export function planPatched({ toolchain }: GoRecipe, host: string, { goroot, patches, tools, bin }: Places): PatchedBuild | null {
  const { patched } = toolchain;
  if (patched === undefined) return null;
  const [overlay, exec] = [`${patches}.json`, `${bin}/toolexec`];
  const replace = Object.fromEntries(filesOf(patched).map(({ file }, index) => [`${goroot}/${file}`, `${patches}/${index}`]));
  const [GOOS, GOARCH] = host.split('/') as [string, string];
  return {
    commands: patched.map(({ tool }) => ({
      // The go command asks a tool for its name and version by running it: it must be called as the one that it stands for.
      argv: [`${goroot}/bin/go`, 'build', '-overlay', overlay, '-trimpath', '-o', `${tools}/${tool}`, `cmd/${tool}`],
      cwd: `${goroot}/src`,
      // Files of the module cache may not be replaced, and a publisher's path of the toolchain may be there.
      env: { GOMODCACHE: '/tmp/none', GOOS, GOARCH },
    })),
    flag: `-toolexec=${exec}`,
    files: [
      { path: overlay, mode: 0o444, text: JSON.stringify({ Replace: replace }) },
      {
        path: exec,
        mode: 0o555,
        text: `#!/bin/sh\ncase $1 in\n${patched.map(({ tool }) => `  */${tool}) shift; exec ${tools}/${tool} "$@" ;;\n`).join('')}  *) exec "$@" ;;\nesac\n`,
      },
    ],
  };
}
