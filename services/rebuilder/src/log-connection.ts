import {
  CheckpointMemory,
  ClientError,
  isProved,
  LogClient,
  LogMisbehaviour,
  openSource,
  type BlobResult,
  type FollowPosition,
  type LogReader,
  type SubmitResult,
} from '@verbatim/client';
import { bytesEqual, formatTlogProof, parseVkey, utf8Decode, type Signer, type TlogPolicy, type VerifierKey } from '@verbatim/tlog';
import { WitnessedReader } from './witnessed-reader.ts';

/** Not now: the same bytes are handed in again later. */
interface Later {
  readonly kind: 'later';
  readonly code: string;
  readonly detail: string;
  readonly retryAfterMs: number | null;
}

/** Not ever: repeating does not help. */
interface Refused {
  readonly kind: 'refused';
  readonly code: string;
  readonly detail: string;
}

export type PutAnswer = { readonly kind: 'stored' } | Refused | Later;

/** `proof`: a tlog-proof of the entry under a checkpoint that the policy's quorum cosigned, verified. */
export type SubmitAnswer = { readonly kind: 'acknowledged'; readonly index: bigint; readonly proof: string } | Refused | Later;

/** What the rebuilder asks of a log. All of it is idempotent. */
export interface LogPort {
  putBlob(bytes: Uint8Array, signal: AbortSignal): Promise<PutAnswer>;
  submit(entry: Uint8Array, signal: AbortSignal): Promise<SubmitAnswer>;
}

/**
 * Refusals that time may heal: we are to be enrolled, or another front end of the log is ahead of this one, or the log has ended, and what was signed
 * for it is signed again for the one that goes on.
 */
const HEALED_BY_TIME = new Set(['unknown-key', 'unknown-release', 'attempt-gap', 'frozen', 'other-origin']);

/** Where a log is, and which keys it begins with. */
export interface LogAddress {
  readonly vkey: string;
  /** Without it the log has one key for ever, and no successor. */
  readonly rootVkey?: string;
  readonly url: string;
}

export interface LogConnectionOptions {
  /** As configured; the log that following begins with. */
  readonly log: LogAddress;
  readonly policy: TlogPolicy;
  readonly signer: Signer;
  /** Where checkpoints that were seen are remembered, and evidence of misbehaviour is kept. */
  readonly stateDir: string;
  /** How far following is: in which log, and by which of its keys. */
  readonly position: () => FollowPosition | null;
  readonly onWarning: (message: string) => void;
  /** The log was proved to have two histories, to whoever hands something in: the follower may not have seen the other one. */
  readonly onProved: (error: LogMisbehaviour) => Promise<void>;
}

/** To the log that is followed at the moment. */
export class LogConnection implements LogPort, AsyncDisposable {
  readonly #options: LogConnectionOptions;
  readonly #memory: CheckpointMemory;
  /** By the log's first key. */
  readonly #readers = new Map<string, Promise<LogReader>>();
  /** By the key that answers are signed with. */
  readonly #clients = new Map<string, LogClient>();

  private constructor(options: LogConnectionOptions) {
    this.#options = options;
    this.#memory = new CheckpointMemory(options.stateDir, { onWarning: options.onWarning });
  }

  /** Nothing is sent yet. Throws `ClientError` 'unusable' for an address that is none. */
  static async open(options: LogConnectionOptions): Promise<LogConnection> {
    const connection = new LogConnection(options);
    await connection.#current();
    return connection;
  }

  /** The log that is followed at the moment: the configured one, or the one that goes on from it. */
  get log(): LogAddress & { readonly origin: string } {
    const { log, position } = this.#options;
    const { vkey = log.vkey, successor } = position() ?? {};
    const origin = parseVkey(vkey).name;
    return { ...(origin === parseVkey(log.vkey).name || successor === undefined ? log : successor), origin };
  }

  /** A reader of its own for whoever follows; they close its source. The configured log's when left out. */
  async openReader({ vkey, rootVkey, url }: LogAddress = this.#options.log): Promise<LogReader> {
    const root = rootVkey === undefined ? {} : { root: parseVkey(rootVkey) };
    const options = { source: await openSource(url), logKey: parseVkey(vkey), ...root, memory: this.#memory };
    return new WitnessedReader(options, this.#options.policy);
  }

  async putBlob(bytes: Uint8Array, signal: AbortSignal): Promise<PutAnswer> {
    try {
      const { client } = await this.#current();
      const result = await client.putBlob(bytes, this.#options.signer, signal);
      return result.kind === 'stored' ? result : notNow(result);
    } catch (error) {
      return this.#trouble(error, signal);
    }
  }

  async submit(entry: Uint8Array, signal: AbortSignal): Promise<SubmitAnswer> {
    try {
      const { client, reader } = await this.#current();
      const result = await client.submitEntry(entry, signal);
      return result.kind === 'published' ? await acknowledged(reader, result.index, entry, signal) : notNow(result);
    } catch (error) {
      return this.#trouble(error, signal);
    }
  }

  async #trouble(error: unknown, signal: AbortSignal): Promise<Later> {
    if (error instanceof LogMisbehaviour && isProved(error)) await this.#options.onProved(error);
    return clientTrouble(error, signal);
  }

  /** Throws ClientError; `not-found` when the log has no such blob. */
  async getBlob(sha256: string, signal: AbortSignal): Promise<Uint8Array> {
    const { client } = await this.#current();
    const bytes = await client.getBlob(sha256, signal);
    if (bytes === null) throw new ClientError('not-found', `the log has no blob ${sha256}`);
    return bytes;
  }

  async #current(): Promise<{ readonly client: LogClient; readonly reader: LogReader }> {
    const { log } = this;
    const opened = this.#readers.get(log.vkey) ?? this.openReader(log);
    this.#readers.set(log.vkey, opened);
    const reader = await opened;
    const logKey = this.#keyOf(reader);
    const client = this.#clients.get(logKey.text) ?? new LogClient({ url: log.url, logKey });
    this.#clients.set(logKey.text, client);
    return { client, reader };
  }

  /** The key that the log has by now, as far as it was followed; the reader goes by it, too. */
  #keyOf(reader: LogReader): VerifierKey {
    const { control, next = 0n } = this.#options.position() ?? {};
    if (reader.trail === null) return reader.logKey;
    if (control !== undefined && reader.trail.next < next) reader.know(reader.trail.restored(control, next));
    return reader.trail.logKeyAt(next);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients.values()) await client.close();
    for (const reader of this.#readers.values()) await (await reader).source.close();
  }
}

/** The log's word is one thing; what we keep is a proof that others will accept, with the cosignatures that the policy asks for. */
async function acknowledged(reader: LogReader, index: bigint, entry: Uint8Array, signal: AbortSignal): Promise<SubmitAnswer> {
  const { note, checkpoint, tree } = await reader.latest(signal);
  if (checkpoint.size <= index) {
    const detail = `entry ${index} is acknowledged, and the newest witnessed checkpoint has ${checkpoint.size} entries`;
    return { kind: 'later', code: 'not-yet-witnessed', detail, retryAfterMs: null };
  }
  const proved = await tree.proved(index);
  if (!bytesEqual(proved.entry, entry)) {
    throw new LogMisbehaviour('entry-mismatch', `entry ${index} is acknowledged as our observation, and holds other bytes`);
  }
  return { kind: 'acknowledged', index, proof: utf8Decode(formatTlogProof({ index, proof: [...proved.proof], checkpoint: note })) };
}

function notNow(result: Exclude<SubmitResult | BlobResult, { kind: 'published' | 'stored' }>): Later | Refused {
  switch (result.kind) {
    case 'pending':
      return { kind: 'later', code: 'not-yet-witnessed', detail: `stored as entry ${result.index}`, retryAfterMs: result.retryAfterMs };
    case 'busy':
      return { kind: 'later', code: result.problem.code || 'busy', detail: result.problem.detail, retryAfterMs: result.retryAfterMs };
    case 'unreachable':
      return { kind: 'later', code: 'unreachable', detail: result.error.message, retryAfterMs: null };
    case 'refused': {
      const { code, status, title, detail } = result.problem;
      // Without a code somebody else has answered, a proxy for one: that says nothing about the observation.
      const kind = code === '' || HEALED_BY_TIME.has(code) ? 'later' : 'refused';
      return { kind, code: code || `status-${status}`, detail: detail || title, retryAfterMs: null };
    }
  }
}

function clientTrouble(error: unknown, signal: AbortSignal): Later {
  signal.throwIfAborted();
  if (!(error instanceof ClientError)) throw error;
  return { kind: 'later', code: error.code, detail: error.message, retryAfterMs: null };
}
