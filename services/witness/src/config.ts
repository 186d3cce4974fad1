/** The witness's configuration file. README.md shows one. */
import { filePath, listenAddress, logEntry, trustedLogs } from '@verbatim/service-kit';
import { isKeyName } from '@verbatim/tlog';
import * as z from 'zod';

export const witnessConfig = z
  .strictObject({
    /** Name of the witness: a URL without scheme, by convention. Part of its key's identity. */
    name: z.string().max(255).refine(isKeyName, 'expected a key name: not empty, no spaces, no plus sign'),
    /** Private key, made by `init`; its verifier key is beside it in `.pub`. */
    key_file: filePath(),
    /** A second key, ML-DSA-44: every cosignature is then two lines. Made by `init` as well; may be added later. */
    ml_dsa_key_file: filePath().optional(),
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
