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
  /** The log's root key: with it the log is followed when it changes its key. Once for an origin, and only where the key has the origin's name. */
  root_vkey: logVkey.optional(),
});

type LogEntry = z.output<typeof logEntry>;

/** The keys of all tables by origin; the same key twice is an issue. */
export function trustedLogs(entries: readonly Pick<LogEntry, 'vkey' | 'origin'>[], context: z.core.$RefinementCtx): TrustedLogs {
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

/** The root keys by origin. */
export function rootKeys(entries: readonly LogEntry[], context: z.core.$RefinementCtx): ReadonlyMap<string, VerifierKey> {
  const roots = new Map<string, VerifierKey>();
  for (const [i, { vkey, origin = vkey.name, root_vkey: root }] of entries.entries()) {
    if (root === undefined) continue;
    const path = [i, 'root_vkey'];
    if (roots.has(origin)) context.addIssue({ code: 'custom', path, message: 'expected one root key for an origin' });
    if (origin !== vkey.name) context.addIssue({ code: 'custom', path, message: `expected a log key named ${origin}, found ${vkey.name}` });
    roots.set(origin, root);
  }
  return roots;
}
