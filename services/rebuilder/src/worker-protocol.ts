import { VARIED_FACTS } from '@verbatim/builder';
import { isTime } from '@verbatim/statements';
import * as z from 'zod';

/**
 * What node and worker say to each other: one JSON object a line. The worker holds no key and is believed nothing that the node can check
 * itself: the node digests the received file and the output (DESIGN §3.10), and every line from the worker is parsed as untrusted.
 *
 * node → worker: `start` (it is where it should be), `receive`, then `build`; of a rebuild that differs also `again`…, `receive` and `explain`,
 * and perhaps `what-if`, then `receive` and `explain` once more.
 * worker → node: `hello`, `beat`…, `received`, `built`, `built-again`…, `explained`; or `failed` at any time. Then it exits.
 */

/** Longest line in either direction: a recipe is at most 8 MiB and travels as base64. */
export const MAX_LINE_BYTES = 12 * 1024 * 1024;
/** A worker says `beat` this often, and is taken for hung after `HUNG_AFTER_MS` without a line. Emulated, on a busy machine, its first takes a minute. */
export const BEAT_MS = 5_000;
export const HUNG_AFTER_MS = 180_000;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const code = z
  .string()
  .max(64)
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
const path = z.string().min(1).max(4096);
const short = z.string().min(1).max(256);

const digests = z.strictObject({ sha256, sha512: z.string().regex(/^[0-9a-f]{128}$/) });
const container = z.strictObject({ name: short, ...digests.shape });
const artifact = z.strictObject({
  name: z.string().min(1).max(512),
  coordinate: z.string().min(1).max(512),
  ...digests.shape,
  member: z.strictObject({ path: z.string().min(1).max(512), container }).nullable(),
});

/** Bytes, milliseconds and counts; see the configuration. */
const limits = z.strictObject({
  fetchMs: z.int(),
  buildMs: z.int(),
  cpuSeconds: z.int(),
  memoryBytes: z.int(),
  processes: z.int(),
  diskBytes: z.int(),
  inputBytes: z.int(),
  cacheBytes: z.int(),
  logBytes: z.int(),
  /** How many jobs share the machine's cores. */
  slots: z.int().min(1),
});

/** What was changed for a further build, and what was not, with the reason. */
const varied = {
  varied: z.array(z.enum(VARIED_FACTS)),
  kept: z.array(z.strictObject({ fact: z.enum(VARIED_FACTS), why: z.string().max(256) })).max(8),
};
const ownRebuild = z.strictObject({ path, ...varied });
/** What a build with another setting had, in words. */
const settings = z.array(short).max(8);

export const toWorker = z.discriminatedUnion('type', [
  /** Before this the worker looks at nothing: the node may still have to put it in its control group. */
  z.strictObject({ type: z.literal('start') }),
  /** Comes first, also without an artifact to fetch: a file that nobody published is only built. */
  z.strictObject({ type: z.literal('receive'), artifact: artifact.nullable(), workDir: path, cacheDir: path, limits }),
  z.strictObject({
    type: z.literal('build'),
    artifact: z.string().min(1).max(512),
    /** Canonical recipe bytes. */
    recipe: z.base64().max(MAX_LINE_BYTES),
    /** SHA-256 of every artifact of the release and every container: no input of the build may be one of them (DESIGN §3.9). */
    forbidden: z.array(sha256).max(64),
  }),
  /** The same inputs once more, for output folder `number`; varied by the seed, or as before. */
  z.strictObject({ type: z.literal('again'), number: z.int().min(0).max(9), seed: z.int().nullable() }),
  /** Comes after another `receive`. */
  z.strictObject({
    type: z.literal('explain'),
    published: path,
    rebuilt: path,
    own: z.array(ownRebuild.extend({ settings })).max(9),
  }),
  /** After `explain`, and when the published file is gone again: what would prove the cause, for output folder `number`. */
  z.strictObject({ type: z.literal('what-if'), number: z.int().min(0).max(9) }),
]);

// As the statement's schema has them (statements, observation.ts): what does not fit there must not get past here.
const token = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._+~:-]*$/);
const toolchain = z
  .array(
    z.strictObject({
      name: token,
      version: token,
      host: z
        .string()
        .max(32)
        .regex(/^[a-z0-9]+\/[a-z0-9]+$/),
      digest: z.string().regex(/^(?:sha256:[0-9a-f]{64}|h1:[A-Za-z0-9+/]{43}=)$/),
    }),
  )
  .max(8);
const sandbox = z.strictObject({
  executor: z.enum(['bubblewrap', 'oci']),
  version: token,
  network: z.literal('none'),
  limits: z.enum(['cgroup-v1', 'cgroup-v2', 'rlimit', 'none']),
});
/** What the source's ecosystem says of its version control. */
const origin = z.strictObject({
  revision: z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/),
  ref: z.string().max(512).nullable(),
  time: z.string().refine(isTime).nullish(),
});
/** What is known about how it was (to be) built, as far as it came. */
const facts = z.strictObject({ toolchain, sandbox: sandbox.nullable(), origin: origin.optional() });

/** A file below the work folder with the build's output, already cut to size by the worker; cut again by the node. */
const log = path.nullable();

export const fromWorker = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('hello'), uid: z.int() }),
  z.strictObject({ type: z.literal('beat') }),
  z.strictObject({ type: z.literal('received'), path }),
  z.strictObject({ type: z.literal('built'), path, log, facts, notes: z.array(z.string().max(1024)).max(32) }),
  z.strictObject({ type: z.literal('built-again'), ...ownRebuild.shape }),
  /** With the settings of a build that would prove the cause, where there is one. */
  z.strictObject({ type: z.literal('explained'), path, class: code, whatIf: settings }),
  z.strictObject({
    type: z.literal('failed'),
    result: z.enum(['build-failed', 'timeout', 'input-unavailable', 'infrastructure', 'skipped']),
    reason: code,
    /** For the operator's log. */
    message: z.string().max(4096),
    /** May another try help? If so the node tries again before it logs anything. */
    transient: z.boolean(),
    retryAfterMs: z.int().min(0).nullable(),
    log,
    facts,
  }),
]);

export type ToWorker = z.output<typeof toWorker>;
export type FromWorker = z.output<typeof fromWorker>;
export type WorkerFacts = z.output<typeof facts>;
export type WorkerFailure = Extract<FromWorker, { type: 'failed' }>;
export type ReceiveRequest = Extract<ToWorker, { type: 'receive' }>;
export type BuildRequest = Extract<ToWorker, { type: 'build' }>;
export type AgainRequest = Extract<ToWorker, { type: 'again' }>;
export type ExplainRequest = Extract<ToWorker, { type: 'explain' }>;
export type WhatIfRequest = Extract<ToWorker, { type: 'what-if' }>;

export class ProtocolError extends Error {
  readonly code = 'protocol';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ProtocolError';
  }
}

/** One line without its newline. Throws ProtocolError. */
export function parseLine<S extends z.ZodType>(schema: S, line: string): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new ProtocolError(`expected one JSON object a line, found ${JSON.stringify(line.slice(0, 80))}`, { cause });
  }
  const result = schema.safeParse(value);
  if (!result.success) throw new ProtocolError(`expected a message of the worker protocol: ${z.prettifyError(result.error)}`);
  return result.data;
}

export const formatLine = (message: ToWorker | FromWorker): string => `${JSON.stringify(message)}\n`;

/** Cuts a stream of chunks into lines of at most `MAX_LINE_BYTES` bytes. Throws ProtocolError when one is longer. */
export class LineSplitter {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #parts: string[] = [];
  #length = 0;

  push(chunk: Uint8Array): string[] {
    const pieces = this.#decoder.decode(chunk, { stream: true }).split('\n');
    const lines: string[] = [];
    for (const [position, piece] of pieces.entries()) {
      if (position > 0) {
        lines.push(this.#parts.join(''));
        this.#parts = [];
        this.#length = 0;
      }
      this.#length += piece.length;
      if (this.#length > MAX_LINE_BYTES) throw new ProtocolError(`expected lines of at most ${MAX_LINE_BYTES} bytes, found a longer one`);
      if (piece !== '') this.#parts.push(piece);
    }
    return lines;
  }
}
