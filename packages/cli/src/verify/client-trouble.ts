import type { ClientError } from '@verbatim/client/offline';
import { VerdictError } from './trouble.ts';

/** The client says itself what its trouble means: could not check, or checked and bad. */
export function clientTrouble(error: ClientError): VerdictError {
  const { verdict, code, message } = error;
  return new VerdictError(verdict === 'reproduced' ? 'policy-error' : verdict, code, message, { cause: error.cause });
}
