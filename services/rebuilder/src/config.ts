import { filePath, listenAddress, loadConfig, logVkey, optionalListenAddress } from '@verbatim/service-kit';
import { isCanonicalPurl, isPublisherScope, isRegistrarScope } from '@verbatim/statements';
import { isKeyName } from '@verbatim/tlog';
import * as z from 'zod';

const MIB = 1024 * 1024;

const purlPrefix = z
  .string()
  .refine(
    (text) => isRegistrarScope(text) || isPublisherScope(text) || isCanonicalPurl(text),
    'expected a purl type (pkg:npm/), a namespace, a name or a version in canonical spelling',
  );
const target = z.string().regex(/^[a-z0-9]+\/[a-z0-9]+$/, 'expected a platform such as linux/amd64');

/**
 * What the operator decides. The fields are the manual; `README.md` has a commented sample. Relative paths start at the file's folder.
 * Units are in the names.
 */
const schema = z.strictObject({
  /** The key's name: what observers see next to each observation. By convention the operator's and a number. */
  name: z.string().max(255).refine(isKeyName, 'expected a name without spaces and plus signs'),
  /** Who runs this node: one operator, one vote, as clients' policies say. */
  operator: z
    .string()
    .max(64)
    .regex(/^[^\s#\p{C}]+$/u, 'expected a name without spaces, as policies have it'),
  /** Private key, 0600. `init` creates it; the public half is beside it in `<key_file>.pub`. */
  key_file: filePath(),
  /** State, outbox, control socket, work folders. Never share it between nodes, never restore an old copy of it. */
  data_dir: filePath(),
  /** Toolchains and modules, kept between jobs; may be shared by nodes of one user. */
  cache_dir: filePath(),
  log: z.strictObject({
    url: z.url({ protocol: /^(https?|file)$/ }),
    /** A C2SP tlog-policy file: the log's key, its witnesses and the quorum that a checkpoint must have. */
    policy_file: filePath(),
    /** The log's root key. With it the node follows the log by itself: to another log key, and into a successor. */
    root_vkey: logVkey.optional(),
    /** How often to ask for a new checkpoint. */
    poll_seconds: z.number().min(0.1).max(3600).default(5),
  }),
  /** Releases to rebuild: any of these. None listed: all. */
  subscriptions: z
    .array(z.strictObject({ purl: purlPrefix.optional(), targets: z.array(target).min(1).optional() }))
    .max(1000)
    .default([]),
  /** Rebuilds at a time. Each has a worker process and the limits below to itself. */
  concurrency: z.int().min(1).max(64).default(1),
  limits: z
    .strictObject({
      fetch_seconds: z.int().min(1).max(86_400).default(1800),
      build_seconds: z.int().min(1).max(86_400).default(3600),
      cpu_seconds: z.int().min(1).max(864_000).default(7200),
      memory_mib: z.int().min(64).max(1_048_576).default(4096),
      processes: z.int().min(8).max(65_536).default(1024),
      disk_mib: z.int().min(16).max(1_048_576).default(4096),
      /** Source and modules of one job, unpacked. */
      input_mib: z.int().min(1).max(1_048_576).default(8192),
      /** Toolchains and modules kept in cache_dir; the least recently used go first. */
      cache_mib: z.int().min(512).max(1_048_576).default(10_240),
      /** Of a build log, the head and the tail are kept. At most what a log takes as one blob. */
      log_kib: z.int().min(4).max(8192).default(1024),
      /** No job is started with less than this free under data_dir and cache_dir. */
      min_free_disk_mib: z.int().min(0).max(1_048_576).default(2048),
    })
    .prefault({}),
  /** Trouble that is nobody's observation (network, full disk, dead worker): doubling waits, then it is logged as `infrastructure`. */
  retry: z
    .strictObject({
      base_seconds: z.number().min(0.01).max(86_400).default(30),
      cap_seconds: z.number().min(0.01).max(86_400).default(3600),
      max_tries: z.int().min(1).max(100).default(8),
    })
    .prefault({}),
  /** What is done about a rebuild that differs, before it is signed. */
  differences: z
    .strictObject({
      /** Build again, varied, and once more unchanged if that gives other bytes. Each takes as long as the first. */
      build_again: z.boolean().default(true),
    })
    .prefault({}),
  worker: z
    .strictObject({
      /** User and group that fetch and build. `auto`: one of its own when the node runs as root and that user can build, else the node's. */
      uid: z.union([z.literal('auto'), z.literal('same'), z.int().min(1).max(0x7fff_fffe)]).default('auto'),
      /** Variables for the fetch stage's clients, such as GOPROXY or npm_config_registry. They reach no build. */
      environment: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().max(4096)).default({}),
    })
    .prefault({}),
  /** Where anybody may read what this node signed and the log does not take; not served when left out. Policies name its address. */
  public_listen: optionalListenAddress({ host: '127.0.0.1', port: 0 }),
  /** Metrics and health. */
  listen: listenAddress({ host: '127.0.0.1', port: 0 }),
  log_level: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
});

export type RebuilderConfig = z.output<typeof schema>;

/** Throws ConfigError that names file, key, expected and found. */
export function readConfig(path: string): RebuilderConfig {
  return loadConfig(schema, path);
}

export const bytesOfMib = (mib: number): number => mib * MIB;
