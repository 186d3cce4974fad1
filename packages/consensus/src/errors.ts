import { CodedError } from '@verbatim/tlog';

/** A policy that cannot be used. There is no verdict without one (DESIGN §3.4): exit code 2. */
export type PolicyErrorCode =
  | 'empty'
  | 'too-large'
  | 'syntax'
  | 'unknown-keyword'
  | 'duplicate-line'
  | 'missing-line'
  | 'duplicate-name'
  | 'duplicate-key'
  | 'undefined-name'
  | 'out-of-range'
  | 'unsatisfiable';

export class PolicyError extends CodedError<PolicyErrorCode> {
  override readonly name = 'PolicyError';
  /** 1-based line of the policy file; null when the fault is something that is not there. */
  readonly line: number | null;

  constructor(code: PolicyErrorCode, line: number | null, message: string, options?: ErrorOptions) {
    super(code, line === null ? `policy: ${message}` : `policy line ${line}: ${message}`, options);
    this.line = line;
  }
}

/** Evidence that cannot be read at all: a bundle that is not one. */
export type BundleErrorCode = 'too-large' | 'malformed' | 'not-canonical';

export class BundleError extends CodedError<BundleErrorCode> {
  override readonly name = 'BundleError';

  constructor(code: BundleErrorCode, message: string, options?: ErrorOptions) {
    super(code, `bundle: ${message}`, options);
  }
}
