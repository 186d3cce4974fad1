import { filePath, listenAddress } from '@verbatim/service-kit';
import {
  isKeyName,
  KEY_TYPE_COSIGNATURE,
  KEY_TYPE_ML_DSA,
  parseTlogPolicy,
  parseVkey,
  type TlogPolicy,
  type VerifierKey,
} from '@verbatim/tlog';
import * as z from 'zod';

/** Limits that an operator may change. Each has a test. */
const limits = z
  .strictObject({
    /** Entries queued, or sequenced and not yet published; beyond it submissions get 503 and nothing is stored. */
    max_pending: z.int().min(1).max(1_000_000).default(8192),
    /** Entries sequenced in one transaction. */
    max_batch: z.int().min(1).max(4096).default(1024),
    /** Bytes of blobs that one key may store. */
    blob_quota: z
      .int()
      .min(0)
      .default(4 * 1024 ** 3),
    /** Below this many free bytes the log takes nothing new (503), so that what it has stays readable. 0 turns the check off. */
    min_free_bytes: z
      .int()
      .min(0)
      .default(64 * 1024 * 1024),
    /** Submissions a second from one address, and how many at once; batches count each entry. 0 turns the limit off. */
    submissions_per_second: z.number().min(0).default(0),
    submissions_burst: z.int().min(1).default(1000),
    /** Entries in one answer of the index, all its lookup keys together: 4,096 are some 100 ms of work, and what a client takes. */
    index_entries: z.int().min(1).max(4096).default(4096),
    /** The same a second for one address, and how many at once; each lookup key counts as eight. 0 turns the limit off. */
    index_entries_per_second: z.number().min(0).default(8192),
    index_entries_burst: z.int().min(1).default(65_536),
  })
  .prefault({});

const vkey = (...types: readonly number[]): z.ZodType<VerifierKey, string> =>
  z
    .string()
    .max(4096)
    .transform((text, context) => {
      try {
        const key = parseVkey(text);
        if (types.includes(key.type)) return key;
        const expected = `${types.join(' or ')} (4: Ed25519 cosignature, 6: ML-DSA-44)`;
        context.addIssue({ code: 'custom', message: `expected a cosigner's vkey, of type ${expected}, not type ${key.type}` });
      } catch (error) {
        context.addIssue({ code: 'custom', message: `expected a C2SP vkey: ${(error as Error).message}` });
      }
      return z.NEVER;
    });

const cosigner = z.strictObject({
  /** By this key it counts. */
  vkey: vkey(KEY_TYPE_COSIGNATURE, KEY_TYPE_ML_DSA),
  /** A second key of the same witness: its lines are published as well, and the witness still counts once. */
  ml_dsa_vkey: vkey(KEY_TYPE_ML_DSA).optional(),
  /** Submission prefix; `/add-checkpoint` is appended (C2SP tlog-witness). */
  url: z.url({ protocol: /^https?$/ }).transform((url) => (url.endsWith('/') ? url.slice(0, -1) : url)),
  /** Name in the quorum policy; the vkey's name by default. */
  name: z.string().min(1).max(255).optional(),
  /** Shortest time between two rounds that this witness's operator accepts, in milliseconds. */
  interval_ms: z.int().min(0).max(3_600_000).default(0),
});

const witness = cosigner.extend({
  /** It rebuilds the index before it cosigns. For the pages alone: they say what it vouches for. */
  index_witness: z.boolean().default(false),
});

/** Each round writes the checkpoint again: a busy log need not do that for every one. */
const mirror = cosigner.extend({ interval_ms: z.int().min(0).max(3_600_000).default(1000) });

const shape = z.strictObject({
  /** The log's identity: its public URL without scheme and trailing slash. Never changes. */
  origin: z.string().max(255).refine(isKeyName, 'expected an origin without spaces and plus signs'),
  data_dir: filePath(),
  /** The log's private key; `init` makes it if it is not there. */
  key_file: filePath(),
  /**
   * The log's next private key: a rotation to it is admitted, and from then on both sign. Afterwards it becomes `key_file`, when witnesses and
   * clients know it.
   */
  next_key_file: filePath().optional(),
  /** Needed by `init` only. Keep the file elsewhere afterwards. */
  root_key_file: filePath().optional(),
  admin_key_file: filePath().optional(),
  listen: listenAddress({ host: '127.0.0.1', port: 8080 }),
  metrics_listen: listenAddress({ host: '127.0.0.1', port: 9090 }),
  witnesses: z.array(witness).max(64).default([]),
  /** Who gets a copy of everything that is published, and cosigns it (C2SP tlog-mirror). Nothing waits for them. */
  mirrors: z.array(mirror).max(64).default([]),
  /**
   * Which witnesses must cosign before a checkpoint is published: `all`, `none`, a number of witnesses, or the group and quorum lines of a
   * C2SP tlog-policy. With any but `none` the log fails closed.
   */
  quorum: z.union([z.literal('all'), z.literal('none'), z.int().min(1), z.string().min(1).max(65_536)]).default('all'),
  /** How long a submitter waits for the cosignatures before 503 `not-yet-witnessed`. */
  witness_timeout_ms: z.int().min(1).max(60_000).default(2000),
  /** How long one request to a witness may take. */
  witness_request_timeout_ms: z.int().min(1).max(60_000).default(10_000),
  /** Cosignatures of an unchanged checkpoint are renewed after this time. */
  renew_ms: z.int().min(100).max(86_400_000).default(600_000),
  /** Signature lines that nobody can verify, added to each checkpoint so that readers that stumble over unknown keys are found early. */
  grease: z.int().min(0).max(2).default(2),
  /** Longest pause between two batches under load; an idle log sequences at once. */
  batch_interval_ms: z.int().min(0).max(200).default(200),
  /** Title of the pages; the origin by default. */
  title: z.string().min(1).max(100).optional(),
  limits,
});

export interface WitnessConfig {
  readonly name: string;
  readonly key: VerifierKey;
  readonly mlDsaKey: VerifierKey | undefined;
  readonly url: string;
  readonly intervalMs: number;
  readonly indexWitness: boolean;
}

/** A mirror is reached and named as a witness is. */
export type MirrorConfig = Omit<WitnessConfig, 'indexWitness'>;

export interface LogConfig extends Omit<z.output<typeof shape>, 'witnesses' | 'mirrors' | 'quorum'> {
  readonly witnesses: readonly WitnessConfig[];
  readonly mirrors: readonly MirrorConfig[];
  readonly policy: TlogPolicy;
}

/** Schema for `loadConfig`: one TOML file a log. */
export const logConfig = shape.transform((config, context): LogConfig => {
  const witnesses = config.witnesses.map((each) => ({ ...reached(each), indexWitness: each.index_witness }));
  const mirrors = config.mirrors.map(reached);
  const shared = mirrors.findIndex(({ key }, i) => [...witnesses, ...mirrors.slice(0, i)].some((other) => other.key.text === key.text));
  if (shared >= 0) {
    context.addIssue({ code: 'custom', path: ['mirrors', shared], message: 'expected a key that no witness and no other mirror has' });
    return z.NEVER;
  }
  try {
    return { ...config, witnesses, mirrors, policy: parseTlogPolicy(quorumPolicy(witnesses, config.quorum)) };
  } catch (error) {
    context.addIssue({
      code: 'custom',
      path: ['quorum'],
      message: `expected a quorum over the configured witnesses: ${(error as Error).message}`,
    });
    return z.NEVER;
  }
});

function reached({ name, vkey: key, ml_dsa_vkey, url, interval_ms }: z.output<typeof cosigner>): MirrorConfig {
  return { name: name ?? key.name, key, mlDsaKey: ml_dsa_vkey, url, intervalMs: interval_ms };
}

/** The text of the C2SP policy that decides about publication; the strict parser then checks names, keys and thresholds. */
export function quorumPolicy(
  witnesses: readonly { readonly name: string; readonly key: VerifierKey; readonly url: string }[],
  quorum: 'all' | 'none' | number | string,
): string {
  const lines = witnesses.map(({ name, key, url }) => `witness ${name} ${key.text} ${url}\n`).join('');
  if (quorum === 'none' || (quorum === 'all' && witnesses.length === 0)) return `${lines}quorum none\n`;
  if (quorum === 'all' || typeof quorum === 'number')
    return `${lines}group configured ${quorum} ${witnesses.map(({ name }) => name).join(' ')}\nquorum configured\n`;
  return `${lines}${quorum.endsWith('\n') ? quorum : `${quorum}\n`}`;
}
