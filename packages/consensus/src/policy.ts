/** Reads a policy file: C2SP tlog-policy's grammar and lines, and Verbatim's own lines (policy-lines.ts). */
import { type PolicyLine, PolicyLineError, parsePolicyLines, type TlogPolicy, tokenizePolicy } from '@verbatim/tlog';
import { PolicyError } from './errors.ts';
import { checkKeys, checkRules } from './policy-check.ts';
import { type Draft, LINE_READERS, type LineReader } from './policy-lines.ts';
import { DEFAULT_BUNDLE_MAX_AGE, DEFAULT_MAX_AGE, type Policy } from './policy-types.ts';

/**
 * Strict: anything unknown, said twice, undefined, impossible to satisfy or satisfied by nothing is refused (DESIGN §3.4). Whether the
 * policy has expired depends on the moment and is `evaluate`'s first check. At most 256 KiB. Throws `PolicyError`.
 */
export function parsePolicy(text: string): Policy {
  const draft: Draft = { operators: [], rebuilders: [], claimants: [], distinct: [], indexWitnesses: [], lineOf: new Map() };
  const bind = ([keyword, read]: [string, LineReader]): [string, (line: PolicyLine) => void] => [keyword, (line) => read(line, draft)];
  const policy = complete(draft, readLines(text, Object.fromEntries(Object.entries(LINE_READERS).map(bind))));
  checkKeys(policy);
  checkRules(policy, draft);
  return policy;
}

function readLines(text: string, handlers: Readonly<Record<string, (line: PolicyLine) => void>>): TlogPolicy {
  try {
    if (text === '' || tokenizePolicy(text).length === 0) {
      throw new PolicyError('empty', null, 'expected a policy, found no line; without a policy there is no verdict');
    }
    return parsePolicyLines(text, handlers);
  } catch (cause) {
    if (!(cause instanceof PolicyLineError)) throw cause;
    const line = cause.line === 0 ? null : cause.line;
    throw new PolicyError('syntax', line, cause.message.replace(/^policy(?: line [0-9]+)?: /, ''), { cause });
  }
}

function complete(draft: Draft, tlog: TlogPolicy): Policy {
  const [log, second] = tlog.logs;
  if (log === undefined) throw missing('log VKEY [URL]');
  if (second !== undefined) {
    throw new PolicyError(
      'out-of-range',
      null,
      'expected one log line, found more; observations count within one log, so use a policy for each',
    );
  }
  const { version, expires, root, require, operators, rebuilders, claimants, distinct, indexWitnesses } = draft;
  if (version === undefined) throw missing('version 1');
  if (expires === undefined) throw missing('expires TIME');
  if (root === undefined) throw missing('root VKEY');
  if (require === undefined) throw missing('require NUMBER');
  // The age of a checkpoint is known from cosignatures alone; without a quorum there is nothing to measure (DESIGN §3.13).
  const measurable = tlog.quorum !== null;
  return {
    version,
    expires,
    log: { key: log.key, url: log.url ?? null },
    root,
    tlog,
    operators,
    rebuilders,
    claimants,
    require,
    answers: draft.answers ?? require,
    dissent: draft.dissent ?? 0,
    distinct,
    maxAge: measurable ? (draft.maxAge ?? DEFAULT_MAX_AGE) : null,
    bundleMaxAge: measurable ? (draft.bundleMaxAge ?? DEFAULT_BUNDLE_MAX_AGE) : null,
    completeness: draft.completeness ?? 'root',
    indexWitnesses,
    indexQuorum: draft.indexQuorum ?? indexWitnesses.length,
  };
}

function missing(form: string): PolicyError {
  return new PolicyError('missing-line', null, `expected a line "${form}", found none`);
}
