import {
  CheckpointMemory,
  ClientError,
  LogClient,
  LogMisbehaviour,
  openSource,
  type BlobResult,
  type LogReader,
  type SubmitResult,
} from '@verbatim/client';
import { bytesEqual, formatTlogProof, utf8Decode, type Signer, type TlogPolicy } from '@verbatim/tlog';
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

/** Refusals that time may heal: we are to be enrolled, or another front end of the log is ahead of this one. */
const HEALED_BY_TIME = new Set(['unknown-key', 'unknown-release', 'attempt-gap']);

export interface LogConnectionOptions {
  readonly url: string;
  readonly policy: TlogPolicy;
  readonly signer: Signer;
  /** Where checkpoints that were seen are remembered, and evidence of misbehaviour is kept. */
  readonly stateDir: string;
  readonly onWarning: (message: string) => void;
}

export class LogConnection implements LogPort, AsyncDisposable {
  readonly reader: LogReader;
  readonly #client: LogClient;
  readonly #signer: Signer;

  private constructor(reader: LogReader, client: LogClient, signer: Signer) {
    this.reader = reader;
    this.#client = client;
    this.#signer = signer;
  }

  /** Nothing is sent yet. The policy is about one log. */
  static async open({ url, policy, signer, stateDir, onWarning }: LogConnectionOptions): Promise<LogConnection> {
    const logKey = policy.logs[0]!.key;
    const reader = new WitnessedReader(
      { source: await openSource(url), logKey, memory: new CheckpointMemory(stateDir, { onWarning }) },
      policy,
    );
    return new LogConnection(reader, new LogClient({ url, logKey }), signer);
  }

  async putBlob(bytes: Uint8Array, signal: AbortSignal): Promise<PutAnswer> {
    try {
      const result = await this.#client.putBlob(bytes, this.#signer, signal);
      return result.kind === 'stored' ? result : notNow(result);
    } catch (error) {
      return clientTrouble(error, signal);
    }
  }

  async submit(entry: Uint8Array, signal: AbortSignal): Promise<SubmitAnswer> {
    try {
      const result = await this.#client.submitEntry(entry, signal);
      return result.kind === 'published' ? await this.#acknowledged(result.index, entry, signal) : notNow(result);
    } catch (error) {
      return clientTrouble(error, signal);
    }
  }

  /** Throws ClientError; `not-found` when the log has no such blob. */
  async getBlob(sha256: string, signal: AbortSignal): Promise<Uint8Array> {
    const bytes = await this.#client.getBlob(sha256, signal);
    if (bytes === null) throw new ClientError('not-found', `the log has no blob ${sha256}`);
    return bytes;
  }

  /** The log's word is one thing; what we keep is a proof that others will accept, with the cosignatures that the policy asks for. */
  async #acknowledged(index: bigint, entry: Uint8Array, signal: AbortSignal): Promise<SubmitAnswer> {
    const { note, checkpoint, tree } = await this.reader.latest(signal);
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
    await this.reader.source.close();
  }
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
