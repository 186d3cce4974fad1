import { parseVkey } from '@verbatim/tlog';
import type { VerifierKey } from '@verbatim/tlog';
import { CliError } from '../errors.ts';
import { loadPolicy } from '../policy-file.ts';

export interface LogOptions {
  /** `--log` */
  readonly log?: string | undefined;
  /** The log's own key: `--vkey`, or `--log-vkey` where a vkey is about somebody else. */
  readonly logVkey?: string | undefined;
  /** `--policy` */
  readonly policy?: string | undefined;
}

export interface NamedLog {
  readonly url: string;
  readonly key: VerifierKey;
  /** The root key that the policy pins: a log that has changed its key is followed with it. Not without a policy. */
  readonly root?: VerifierKey;
}

/** Address and keys of a log: as named on the command line, else as the policy says. Nothing that a log says is used without its key. */
export function resolveLog({ log, logVkey, policy }: LogOptions, env: Readonly<Record<string, string | undefined>>): NamedLog {
  if (log !== undefined && logVkey !== undefined) return { url: log, key: keyOf(logVkey) };
  const { log: fromPolicy, root } = loadPolicy(policy, env).policy;
  const url = log ?? fromPolicy.url;
  if (url === null) throw new CliError('usage', 'the policy does not say where the log is: name its address with --log URL');
  return logVkey === undefined ? { url, key: fromPolicy.key, root } : { url, key: keyOf(logVkey) };
}

/** A key on the command line. Throws CliError `usage`. */
export function keyOf(text: string): VerifierKey {
  try {
    return parseVkey(text);
  } catch (cause) {
    throw new CliError('usage', `expected the log's key as a vkey, found ${JSON.stringify(text)}`, { cause });
  }
}
