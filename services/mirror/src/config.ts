/** The mirror's configuration file. README.md shows one. */
import { filePath, listenAddress, logEntry, logVkey, trustedLogs } from '@verbatim/service-kit';
import { isKeyName, type VerifierKey } from '@verbatim/tlog';
import * as z from 'zod';

const mirroredLog = logEntry.extend({
  /** Where the log is read, if the mirror is to follow it by itself; else somebody uploads to it. */
  url: z.url({ protocol: /^https?$/ }).optional(),
  /** The log's root key: with it the log is followed when it changes its key. Once for an origin, and only where the key has the origin's name. */
  root_vkey: logVkey.optional(),
});
type MirroredLog = z.output<typeof mirroredLog>;

export const mirrorConfig = z
  .strictObject({
    /** Name of the mirror: a URL without scheme, by convention. Part of its keys' identity, and nobody else's: no witness's either. */
    name: z.string().max(255).refine(isKeyName, 'expected a key name: not empty, no spaces, no plus sign'),
    /** Private key, made by `init`; its verifier key is beside it in `.pub`. Never a witness's: the mirror says more by it. */
    key_file: filePath(),
    /** A second key, ML-DSA-44: every cosignature is then two lines. Made by `init` as well; may be added later. */
    ml_dsa_key_file: filePath().optional(),
    /** Folder of the database and of the logs' copies, made by `init`. */
    data_dir: filePath(),
    listen: listenAddress({ host: '127.0.0.1', port: 7390 }),
    metrics_listen: listenAddress({ host: '127.0.0.1', port: 7391 }),
    /** Longest time that one upload may take. */
    upload_seconds: z.int().min(1).max(3600).default(300),
    /** Uploads at a time; each holds 17 MB at most. */
    max_uploads: z.int().min(1).max(256).default(16),
    /** Pause between two looks at a log that is followed. */
    poll_ms: z.int().min(100).max(3_600_000).default(2000),
    logs: z
      .array(mirroredLog)
      .max(10_000)
      .transform((entries, context) => ({
        logs: trustedLogs(entries, context),
        roots: rootKeys(entries, context),
        sources: sources(entries, context),
      })),
  })
  .transform(({ logs, ...config }) => ({ ...config, ...logs }))
  // Own name as a log's would let the two roles' signatures be mixed up.
  .refine(({ name, logs }) => [...logs.values()].flat().every((key) => key.name !== name), {
    path: ['logs'],
    message: "expected no log with the mirror's own name",
  });

export type MirrorConfig = z.output<typeof mirrorConfig>;

/** Where each origin is read. */
function sources(
  entries: readonly { readonly vkey: VerifierKey; readonly origin?: string | undefined; readonly url?: string | undefined }[],
  context: z.core.$RefinementCtx,
): ReadonlyMap<string, string> {
  const urls = new Map<string, string>();
  for (const [i, { vkey, origin = vkey.name, url }] of entries.entries()) {
    if (url === undefined) continue;
    if (urls.has(origin)) context.addIssue({ code: 'custom', path: [i, 'url'], message: 'expected one url for an origin' });
    urls.set(origin, url);
  }
  return urls;
}

/** The root keys by origin. */
function rootKeys(entries: readonly MirroredLog[], context: z.core.$RefinementCtx): ReadonlyMap<string, VerifierKey> {
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
