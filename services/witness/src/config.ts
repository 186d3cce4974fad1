/** The witness's configuration file. README.md shows one. */
import { filePath, listenAddress, logEntry, logVkey, trustedLogs } from '@verbatim/service-kit';
import { isKeyName } from '@verbatim/tlog';
import * as z from 'zod';

const keyName = z.string().max(255).refine(isKeyName, 'expected a key name: not empty, no spaces, no plus sign');

/** To be an index-witness too, under `/index` of the same listener. It has a name and keys of its own, used for nothing else. */
const indexWitness = z.strictObject({
  name: keyName,
  key_file: filePath(),
  ml_dsa_key_file: filePath().optional(),
  /** Where the entries of a log are read; its keys are those of `[[logs]]`. */
  logs: z
    .array(
      z.strictObject({
        origin: z.string().min(1).max(255),
        url: z.url({ protocol: /^(?:https?|file)$/ }),
        /** The log's root key: with it the log is followed when it changes its key. */
        root_vkey: logVkey.optional(),
      }),
    )
    .min(1)
    .max(100),
  /** How long a request may wait for the audit, in milliseconds; below what the log waits for its witnesses. Reading goes on after that. */
  wait_ms: z.int().min(0).max(60_000).default(1500),
  /** Larger logs are refused: the index of ten million entries takes some ten gigabytes. */
  max_entries: z.int().min(1).max(Number.MAX_SAFE_INTEGER).default(10_000_000),
});
export type IndexWitnessConfig = z.output<typeof indexWitness>;

export const witnessConfig = z
  .strictObject({
    /** Name of the witness: a URL without scheme, by convention. Part of its key's identity. */
    name: keyName,
    /** Private key, made by `init`; its verifier key is beside it in `.pub`. */
    key_file: filePath(),
    /** A second key, ML-DSA-44: every cosignature is then two lines. Made by `init` as well; may be added later. */
    ml_dsa_key_file: filePath().optional(),
    /** Folder of the database, made by `init`. */
    data_dir: filePath(),
    listen: listenAddress({ host: '127.0.0.1', port: 7380 }),
    metrics_listen: listenAddress({ host: '127.0.0.1', port: 7381 }),
    logs: z.array(logEntry).max(10_000).transform(trustedLogs),
    index: indexWitness.optional(),
  })
  // Own name as a log's would let the two roles' signatures be mixed up.
  .refine(({ name, index, logs }) => [...logs.values()].flat().every((key) => key.name !== name && key.name !== index?.name), {
    path: ['logs'],
    message: "expected no log with the witness's own name",
  })
  .refine(({ name, index }) => name !== index?.name, {
    path: ['index', 'name'],
    message: 'expected a name used for nothing else, not the name of the witness',
  })
  .refine((config) => config.index === undefined || areDistinct(keyFilesOf(config)), {
    path: ['index', 'key_file'],
    message: 'expected keys used for nothing else, not those of the witness',
  })
  .refine(({ index }) => index === undefined || areDistinct(index.logs.map(({ origin }) => origin)), {
    path: ['index', 'logs'],
    message: 'expected each origin once',
  })
  .refine(
    ({ index, logs }) =>
      index?.logs.every(
        ({ origin, root_vkey: root }) => root === undefined || (logs.get(origin) ?? []).every(({ name }) => name === origin),
      ) ?? true,
    { path: ['index', 'logs'], message: 'expected root_vkey only where the log key has the name of the origin' },
  )
  .refine(({ index, logs }) => index?.logs.every(({ origin }) => logs.has(origin)) ?? true, {
    path: ['index', 'logs'],
    message: 'expected origins of [[logs]], which have the keys',
  });

export type WitnessConfig = z.output<typeof witnessConfig>;

function keyFilesOf({
  key_file,
  ml_dsa_key_file,
  index,
}: {
  key_file: string;
  ml_dsa_key_file?: string | undefined;
  index?: IndexWitnessConfig | undefined;
}): string[] {
  return [key_file, ml_dsa_key_file, index?.key_file, index?.ml_dsa_key_file].filter((file) => file !== undefined);
}

function areDistinct(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
