/** The witness's configuration file. README.md shows one. */
import { filePath, listenAddress } from '@verbatim/service-kit';
import { KEY_TYPE_ED25519, isKeyName, parseVkey, type VerifierKey } from '@verbatim/tlog';
import * as z from 'zod';

/** The keys that the witness trusts for each origin. */
export type TrustedLogs = ReadonlyMap<string, readonly VerifierKey[]>;

const logVkey = z.string().transform((text, context): VerifierKey => {
  try {
    const key = parseVkey(text);
    if (key.type === KEY_TYPE_ED25519) return key;
    context.addIssue({ code: 'custom', message: `expected a log's verifier key, of type 1, found one of type ${key.type}` });
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
  return z.NEVER;
});

const logEntry = z.strictObject({
  /** The log's verifier key (type 0x01). A second entry with the same origin adds a key. */
  vkey: logVkey,
  /** First line of its checkpoints; the key's name by default. */
  origin: z.string().min(1).max(255).optional(),
});

export const witnessConfig = z
  .strictObject({
    /** Name of the witness: a URL without scheme, by convention. Part of its key's identity. */
    name: z.string().max(255).refine(isKeyName, 'expected a key name: not empty, no spaces, no plus sign'),
    /** Private key, made by `init`; its verifier key is beside it in `.pub`. */
    key_file: filePath(),
    /** Folder of the database, made by `init`. */
    data_dir: filePath(),
    listen: listenAddress({ host: '127.0.0.1', port: 7380 }),
    metrics_listen: listenAddress({ host: '127.0.0.1', port: 7381 }),
    logs: z.array(logEntry).max(10_000).transform(trustedLogs),
  })
  // Own name as a log's would let the two roles' signatures be mixed up.
  .refine(({ name, logs }) => [...logs.values()].flat().every((key) => key.name !== name), {
    path: ['logs'],
    message: "expected no log with the witness's own name",
  });

export type WitnessConfig = z.output<typeof witnessConfig>;

function trustedLogs(entries: z.output<typeof logEntry>[], context: z.core.$RefinementCtx): TrustedLogs {
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
