import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parsePolicy, PolicyError } from '@verbatim/consensus';
import type { Policy } from '@verbatim/consensus';
import { CliError } from './errors.ts';

/** A policy and where it came from: the output always names the source. */
export interface PolicyFile {
  readonly path: string;
  readonly policy: Policy;
}

/** Larger than any file that parsePolicy accepts. */
const MAX_POLICY_FILE_BYTES = 1024 * 1024;

/**
 * The policy that is in force: `--policy`, else `$VERBATIM_POLICY`, else `$XDG_CONFIG_HOME/verbatim/policy` (`~/.config` by default), else
 * `/etc/verbatim/policy`. A file that is named must be there; only the two usual places may be empty. Throws CliError when there is
 * none (no policy, no verdict: DESIGN §3.4) and PolicyError when it cannot be used.
 */
export function loadPolicy(
  option: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  system = '/etc/verbatim/policy',
): PolicyFile {
  const named = option ?? (env.VERBATIM_POLICY || undefined);
  if (named !== undefined) {
    const text = readIfThere(named);
    if (text === null) throw new CliError('file', `the policy file ${named} does not exist`);
    return { path: named, policy: parseFile(named, text) };
  }
  const config = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config');
  const usual = [join(config, 'verbatim', 'policy'), system];
  for (const path of usual) {
    const text = readIfThere(path);
    if (text !== null) return { path, policy: parseFile(path, text) };
  }
  throw new CliError(
    'usage',
    `no policy: nothing is verified until you say whom you trust. Name a file with --policy or $VERBATIM_POLICY, or put one at ${usual.join(' or ')}`,
  );
}

/** A mistake is reported with the file that has it: the user may not know which of the places it came from. */
function parseFile(path: string, text: string): Policy {
  try {
    return parsePolicy(text);
  } catch (error) {
    if (error instanceof PolicyError) error.message = `${path}: ${error.message}`;
    throw error;
  }
}

function readIfThere(path: string): string | null {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new CliError('file', `cannot read the policy file ${path}`, { cause });
  }
  try {
    const { size } = fstatSync(file);
    if (size > MAX_POLICY_FILE_BYTES)
      throw new CliError('file', `the policy file ${path} has ${size} bytes; at most ${MAX_POLICY_FILE_BYTES} are read`);
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError('file', `cannot read the policy file ${path}: expected UTF-8 text`, { cause });
  } finally {
    closeSync(file);
  }
}
