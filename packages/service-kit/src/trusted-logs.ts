/** Configuration of the logs that a cosigner knows. */
import { KEY_TYPE_ED25519, parseVkey, type TrustedLogs, type VerifierKey } from '@verbatim/tlog';
import * as z from 'zod';

/** A log's verifier key, of type 0x01. */
export const logVkey = z.string().transform((text, context): VerifierKey => {
  try {
    const key = parseVkey(text);
    if (key.type === KEY_TYPE_ED25519) return key;
    context.addIssue({ code: 'custom', message: `expected a log's verifier key, of type 1, found one of type ${key.type}` });
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
  return z.NEVER;
});

/** One `[[logs]]` table. */
export const logEntry = z.strictObject({
  /** The log's verifier key (type 0x01). A second entry with the same origin adds a key. */
  vkey: logVkey,
  /** First line of its checkpoints; the key's name by default. */
  origin: z.string().min(1).max(255).optional(),
});

/** The keys of all tables by origin; the same key twice is an issue. */
export function trustedLogs(
  entries: readonly { readonly vkey: VerifierKey; readonly origin?: string | undefined }[],
  context: z.core.$RefinementCtx,
): TrustedLogs {
  const logs = new Map<string, VerifierKey[]>();
  for (const [i, { vkey, origin = vkey.name }] of entries.entries()) {
    const keys = logs.get(origin) ?? [];
    if (keys.some((key) => key.text === vkey.text)) {
      context.addIssue({ code: 'custom', path: [i, 'vkey'], message: 'expected each key once for an origin' });
    }
    logs.set(origin, [...keys, vkey]);
  }
  return logs;
}
