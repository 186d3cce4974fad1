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

/** Address and key of a log: as named on the command line, else as the policy says. Nothing that a log says is used without its key. */
export function resolveLog(
  { log, logVkey, policy }: LogOptions,
  env: Readonly<Record<string, string | undefined>>,
): { url: string; key: VerifierKey } {
  if (log !== undefined && logVkey !== undefined) return { url: log, key: keyOf(logVkey) };
  const fromPolicy = loadPolicy(policy, env).policy.log;
  const url = log ?? fromPolicy.url;
  if (url === null) throw new CliError('usage', 'the policy does not say where the log is: name its address with --log URL');
  return { url, key: logVkey === undefined ? fromPolicy.key : keyOf(logVkey) };
}

function keyOf(text: string): VerifierKey {
  try {
    return parseVkey(text);
  } catch (cause) {
    throw new CliError('usage', `expected the log's key as a vkey, found ${JSON.stringify(text)}`, { cause });
  }
}
