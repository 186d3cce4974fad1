import { parseArgs } from 'node:util';
import type { VerifyOptions } from './verify.ts';

/** An option of `verify`; `value` names what it takes. */
interface OptionLine {
  readonly name: string;
  readonly value?: string;
  readonly help: string;
}

export const VERIFY_OPTIONS: readonly OptionLine[] = [
  {
    name: 'policy',
    value: 'file',
    help: 'whom you trust; by default $VERBATIM_POLICY, then the policy in your configuration folder, then /etc/verbatim/policy',
  },
  { name: 'release', value: 'purl', help: 'accept the file as this release only, such as pkg:npm/esbuild@0.25.0' },
  { name: 'member', value: 'path', help: 'judge this member of the file, which is a container' },
  {
    name: 'member-of',
    value: 'sha256',
    help: 'the file was extracted from the container with this digest, where --member says; only the log has to know the container',
  },
  { name: 'members', value: 'file', help: 'with --member-of: a list of what the container holds, instead of the one that the log keeps' },
  { name: 'manifest', value: 'file', help: 'a SHA256SUMS file: the files that it names, which must also have its digests' },
  { name: 'bundle', value: 'file', help: 'take the evidence from this file instead of the log' },
  { name: 'save-bundle', value: 'file', help: 'write the evidence to this file, for --bundle' },
  { name: 'offline', help: 'open no socket; needs --bundle' },
  {
    name: 'audit',
    help: 'first audit the whole index of the log on this machine, as log audit does; reads what is new since the last audit',
  },
  {
    name: 'ask-rebuilders',
    help: 'also ask the rebuilders that have an address in the policy what no log has taken from them; a dissent so heard counts, a match does not',
  },
  { name: 'json', help: 'print one JSON object, for every verdict' },
  { name: 'quiet', help: 'print nothing; the exit code says it' },
  { name: 'explain', help: 'print each check with what was expected and found' },
];

export interface VerifyCommandLine {
  readonly files: string[];
  readonly options: VerifyOptions;
}

/**
 * Reads a command line of `verify` without commander, which takes as long to load as the whole check of a small file. Null for whatever
 * is not plain: then commander reads it, and explains.
 */
export function parseVerifyArgs(args: readonly string[]): VerifyCommandLine | null {
  const options = Object.fromEntries(
    VERIFY_OPTIONS.map(({ name, value }) => [name, { type: value === undefined ? 'boolean' : 'string' } as const]),
  );
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    const entries = Object.entries(values).map(([name, value]) => [
      name.replace(/-([a-z])/, (_all, letter: string) => letter.toUpperCase()),
      value,
    ]);
    return { files: positionals, options: Object.fromEntries(entries) as VerifyOptions };
  } catch {
    return null;
  }
}
