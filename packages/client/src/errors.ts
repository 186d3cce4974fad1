/** Why a log could not be read, or must not be believed. */
import type { VerdictKind } from '@verbatim/consensus';
import { CodedError } from '@verbatim/tlog';

export type ClientErrorCode =
  /** No connection, a broken one, or an answer of a server that is not well. */
  | 'unreachable'
  | 'timeout'
  /** The log does not have it. */
  | 'not-found'
  | 'bad-status'
  | 'too-large'
  /** Not what was asked for at all: somebody else may have answered. */
  | 'malformed'
  /** The index names entries that are not published, or more than we read, or is about an older state than we have seen. */
  | 'bad-lookup'
  /** The checkpoint is not signed by the log. */
  | 'bad-checkpoint'
  | 'tile-mismatch'
  | 'entry-mismatch'
  /** Two signed histories. */
  | 'fork'
  /** An older state than the log has signed before, and the newer one is gone. */
  | 'rolled-back'
  /** A handing over that the root key signed, and that does not fit one of the two logs. */
  | 'bad-successor'
  /** An index-root entry that is not what follows from the entries before it, or is missing. */
  | 'bad-index'
  /** What was read cannot be recorded at the moment. */
  | 'not-kept'
  /** A local file or address that cannot be used. */
  | 'unusable'
  /** Members of a container that cannot be told apart, or are too many. */
  | 'void-container';

const VERDICTS: Readonly<Record<ClientErrorCode, VerdictKind>> = {
  unreachable: 'unavailable',
  timeout: 'unavailable',
  'not-found': 'unavailable',
  'bad-status': 'unavailable',
  'too-large': 'unavailable',
  malformed: 'unavailable',
  'bad-lookup': 'unavailable',
  'bad-checkpoint': 'log-misbehaviour',
  'tile-mismatch': 'log-misbehaviour',
  'entry-mismatch': 'log-misbehaviour',
  fork: 'log-misbehaviour',
  'rolled-back': 'log-misbehaviour',
  'bad-successor': 'log-misbehaviour',
  'bad-index': 'log-misbehaviour',
  'not-kept': 'unavailable',
  unusable: 'policy-error',
  'void-container': 'policy-error',
};

export class ClientError extends CodedError<ClientErrorCode> {
  override readonly name: string = 'ClientError';

  /** What this means for a file that was to be verified (DESIGN §3.13): could not check, or checked and bad. */
  get verdict(): VerdictKind {
    return VERDICTS[this.code];
  }
}

export type MisbehaviourCode =
  | 'bad-checkpoint'
  | 'tile-mismatch'
  | 'entry-mismatch'
  | 'fork'
  | 'rolled-back'
  | 'bad-successor'
  | 'bad-index';

/** Bytes that a log served, as evidence. */
export interface Exhibit {
  /** Below the log's address. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A proof or a signature of the log does not fit. Never retried: the same answer would not become true. */
export class LogMisbehaviour extends ClientError {
  override readonly name = 'LogMisbehaviour';
  /** Where both checkpoints and the failing proof were saved; null when there is nothing to save, or nowhere. */
  readonly evidencePath: string | null;
  /** What the log served, for whoever saves it as evidence. */
  readonly exhibits: readonly Exhibit[];

  constructor(
    code: MisbehaviourCode,
    message: string,
    { evidencePath = null, exhibits = [], ...options }: ErrorOptions & { evidencePath?: string | null; exhibits?: readonly Exhibit[] } = {},
  ) {
    super(code, message, options);
    this.evidencePath = evidencePath;
    this.exhibits = exhibits;
  }
}
