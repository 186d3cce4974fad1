/** Submitting to a log, and its blobs. Answers are values: the caller decides about waiting and repeating, which is always safe. */
import { decodeEnvelope, keyidOf, MAX_BLOB_BYTES } from '@verbatim/statements';
import {
  bytesEqual,
  type Ed25519Verify,
  fromHex,
  hashLeaf,
  openCheckpoint,
  parseTlogProof,
  type Signer,
  toBase64,
  toHex,
  utf8Encode,
  verifyInclusion,
  type VerifierKey,
} from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClientError, LogMisbehaviour } from './errors.ts';
import { type Answer, HttpClient } from './http.ts';
import { parseObject, type Problem, readProblem } from './problem.ts';
import { retryAfterMs } from './retry.ts';

const REPLY_BYTES = 4 * 1024 * 1024;
const MAX_BATCH_ENTRIES = 256;
/** The log answers within its witness timeout; a blob may take a while to travel. Milliseconds. */
const SUBMIT_TIMEOUT_MS = 20_000;
const BLOB_TIMEOUT_MS = 120_000;
const DEFAULT_RETRY_MS = 1000;

export type SubmitResult =
  /** Logged, published and witnessed; the proof was verified. */
  | {
      readonly kind: 'published';
      readonly index: bigint;
      readonly leafHash: string;
      readonly duplicate: boolean;
      readonly checkpoint: Uint8Array;
    }
  /** Logged durably, not yet published: repeat, or wait with `waitUntilPublished`. */
  | { readonly kind: 'pending'; readonly index: bigint; readonly leafHash: string; readonly retryAfterMs: number }
  /** Nothing was stored; repeat later. */
  | { readonly kind: 'busy'; readonly problem: Problem; readonly retryAfterMs: number }
  /** Nothing was stored; repeating does not help. */
  | { readonly kind: 'refused'; readonly problem: Problem }
  /** Whether it was stored is not known; repeating never adds an entry. */
  | { readonly kind: 'unreachable'; readonly error: ClientError };

export interface LogClientOptions {
  /** The log's submission prefix, http(s)://…. */
  readonly url: string;
  /** The log's key: its answers are checked with it. */
  readonly logKey: VerifierKey;
  readonly verify?: Ed25519Verify;
}

export class LogClient {
  readonly #prefix: string;
  readonly #logKey: VerifierKey;
  readonly #verify: Ed25519Verify;
  readonly #http = new HttpClient();

  /** Throws `ClientError` 'unusable' for an address that is not http(s). */
  constructor({ url, logKey, verify = verifyEd25519 }: LogClientOptions) {
    const parsed = URL.parse(url);
    if (parsed === null || !['http:', 'https:'].includes(parsed.protocol) || parsed.search !== '' || parsed.hash !== '') {
      throw new ClientError('unusable', `expected the address of a log, http(s)://…, found ${JSON.stringify(url.slice(0, 200))}`);
    }
    this.#prefix = parsed.href.endsWith('/') ? parsed.href : `${parsed.href}/`;
    this.#logKey = logKey;
    this.#verify = verify;
  }

  /** Submits one envelope. Throws `LogMisbehaviour` when the log's proof does not show the entry. */
  async submitEntry(entry: Uint8Array, signal?: AbortSignal): Promise<SubmitResult> {
    const answer = await this.#send('POST', 'entries', entry, { 'content-type': 'application/json' }, SUBMIT_TIMEOUT_MS, signal);
    if (answer instanceof ClientError) return { kind: 'unreachable', error: answer };
    return answer.status === 200 ? await this.#published(parseObject(answer.body), entry, signal) : interpret(answer);
  }

  /** Submits 1…256 envelopes at once; one result for each, in order. */
  async submitBatch(entries: readonly Uint8Array[], signal?: AbortSignal): Promise<SubmitResult[]> {
    if (entries.length < 1 || entries.length > MAX_BATCH_ENTRIES)
      throw new RangeError(`expected 1…${MAX_BATCH_ENTRIES} entries, found ${entries.length}`);
    const body = utf8Encode(JSON.stringify({ entries: entries.map((entry) => new TextDecoder().decode(entry)) }));
    const answer = await this.#send('POST', 'entries/batch', body, { 'content-type': 'application/json' }, SUBMIT_TIMEOUT_MS, signal);
    if (answer instanceof ClientError) return entries.map(() => ({ kind: 'unreachable', error: answer }));
    if (answer.status !== 200) return entries.map(() => interpret(answer));
    const { results, checkpoint } = parseObject(answer.body);
    if (!Array.isArray(results) || results.length !== entries.length) throw malformed(`${entries.length} results`);
    return Promise.all(results.map((result: unknown, i) => this.#batchResult(result, checkpoint, entries[i]!, answer, signal)));
  }

  /** Waits until the entry is published, or `timeoutMs` has passed: then the last `pending`, `busy` or `unreachable`. */
  async waitUntilPublished(entry: Uint8Array, timeoutMs: number, signal?: AbortSignal): Promise<SubmitResult> {
    const start = performance.now();
    for (;;) {
      // Repeating the POST is idempotent, and unlike the status it also works when the first one never arrived.
      const result = await this.submitEntry(entry, signal);
      if (result.kind === 'published' || result.kind === 'refused') return result;
      const pause = result.kind === 'unreachable' ? DEFAULT_RETRY_MS : result.retryAfterMs;
      if (performance.now() - start + pause > timeoutMs) return result;
      await sleep(pause, undefined, { signal });
    }
  }

  /** Stores a blob, at most 8 MiB, as an enrolled key. */
  async putBlob(bytes: Uint8Array, signer: Signer, signal?: AbortSignal): Promise<BlobResult> {
    if (bytes.length > MAX_BLOB_BYTES) throw new RangeError(`expected a blob of at most ${MAX_BLOB_BYTES} bytes, found ${bytes.length}`);
    const sha256 = digestOf(bytes);
    const message = utf8Encode(`verbatim-blob/v1\n${this.#logKey.name}\n${sha256}\n${bytes.length}\n`);
    const signature = `${keyidOf(signer.name, signer.publicKey)} ${toBase64(signer.sign(message))}`;
    const headers = { 'content-type': 'application/octet-stream', 'x-verbatim-signature': signature };
    const answer = await this.#send('PUT', `blobs/${sha256}`, bytes, headers, BLOB_TIMEOUT_MS, signal);
    if (answer instanceof ClientError) return { kind: 'unreachable', error: answer };
    if (answer.status === 200 || answer.status === 201) return { kind: 'stored', sha256 };
    const result = interpret(answer);
    return result.kind === 'busy' || result.kind === 'refused' ? result : { kind: 'refused', problem: readProblem(answer) };
  }

  /** A blob by digest, compared with it; null when the log does not have it (any more). Throws `ClientError`. */
  async getBlob(sha256: string, signal?: AbortSignal): Promise<Uint8Array | null> {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new RangeError('expected a sha256 in lower-case hex');
    const url = `${this.#prefix}blobs/${sha256}`;
    const answer = await this.#http.exchange({ method: 'GET', url, limit: MAX_BLOB_BYTES, timeoutMs: BLOB_TIMEOUT_MS, signal });
    if (answer.status === 404 || answer.status === 410) return null;
    if (answer.status !== 200) throw new ClientError('bad-status', `${url}: expected status 200, found ${answer.status}`);
    if (digestOf(answer.body) !== sha256) throw new ClientError('malformed', `${url}: expected bytes with this digest, found others`);
    return answer.body;
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  /** An answer, or why there is none. */
  async #send(
    method: 'POST' | 'PUT',
    path: string,
    body: Uint8Array,
    headers: Readonly<Record<string, string>>,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Answer | ClientError> {
    try {
      return await this.#http.exchange({ method, url: this.#prefix + path, headers, body, limit: REPLY_BYTES, timeoutMs, signal });
    } catch (error) {
      if (error instanceof ClientError) return error;
      throw error;
    }
  }

  async #published(
    { index, leafHash, duplicate, proof }: Readonly<Record<string, unknown>>,
    entry: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<SubmitResult> {
    if (typeof proof !== 'string') throw malformed('a proof');
    let parsed: ReturnType<typeof parseTlogProof>;
    try {
      parsed = parseTlogProof(utf8Encode(proof));
    } catch (cause) {
      throw malformed('a C2SP tlog-proof', cause);
    }
    const where = location(index, leafHash);
    if (parsed.index !== where.index) throw malformed(`a proof of entry ${where.index}, found one of ${parsed.index}`);
    return this.#proved(where, duplicate === true, parsed.proof, parsed.checkpoint, entry, signal);
  }

  async #batchResult(
    value: unknown,
    checkpoint: unknown,
    entry: Uint8Array,
    answer: Answer,
    signal: AbortSignal | undefined,
  ): Promise<SubmitResult> {
    const result = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    if (result['status'] !== 200) {
      const status = typeof result['status'] === 'number' ? result['status'] : 0;
      const members = { ...(result['problem'] as object | undefined), index: result['index'], leafHash: result['leafHash'] };
      return interpret({ ...answer, status, body: utf8Encode(JSON.stringify(members)) });
    }
    const { proof } = result;
    if (typeof checkpoint !== 'string' || !Array.isArray(proof)) throw malformed('a checkpoint, and a proof for every entry');
    const hashes = proof.map((hash: unknown) => Buffer.from(typeof hash === 'string' ? hash : '', 'base64'));
    const where = location(result['index'], result['leafHash']);
    return this.#proved(where, result['duplicate'] === true, hashes, utf8Encode(checkpoint), entry, signal);
  }

  /** The bytes that the log shows at an index, not compared with anything; or why there are none. */
  async #entryAt(index: bigint, signal: AbortSignal | undefined): Promise<Uint8Array | ClientError> {
    const url = `${this.#prefix}entries/${index}`;
    const headers = { accept: 'application/json' };
    try {
      const { status, body } = await this.#http.exchange({
        method: 'GET',
        url,
        headers,
        limit: REPLY_BYTES,
        timeoutMs: SUBMIT_TIMEOUT_MS,
        signal,
      });
      return status === 200 ? body : new ClientError('bad-status', `${url}: expected status 200, found ${status}`);
    } catch (error) {
      if (error instanceof ClientError) return error;
      throw error;
    }
  }

  /** What the log acknowledges must be in the tree that it signed: the entry itself, or the same statement logged before. */
  async #proved(
    { index, leafHash }: { index: bigint; leafHash: string },
    duplicate: boolean,
    proof: readonly Uint8Array[],
    checkpoint: Uint8Array,
    entry: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<SubmitResult> {
    const leaf = fromHex(leafHash);
    if (!bytesEqual(leaf, hashLeaf(entry))) {
      // A signer need not be deterministic: the statement may be there under another signature.
      const found = duplicate ? await this.#entryAt(index, signal) : null;
      if (found instanceof ClientError) return { kind: 'unreachable', error: found };
      if (found === null || !bytesEqual(leaf, hashLeaf(found)) || !isSameStatement(found, entry)) {
        throw new LogMisbehaviour('entry-mismatch', `entry ${index}: expected leaf hash ${toHex(hashLeaf(entry))}, found ${leafHash}`);
      }
    }
    let size: bigint;
    let root: Uint8Array;
    try {
      ({ size, root } = openCheckpoint(checkpoint, this.#logKey, this.#verify).checkpoint);
    } catch (cause) {
      throw new LogMisbehaviour('bad-checkpoint', `the checkpoint that acknowledges entry ${index} is not signed by ${this.#logKey.name}`, {
        cause,
      });
    }
    if (!verifyInclusion(index, size, leaf, proof, root)) {
      throw new LogMisbehaviour('entry-mismatch', `the proof that acknowledges entry ${index} does not verify`);
    }
    return { kind: 'published', index, leafHash, duplicate, checkpoint };
  }
}

/** What makes a submission the same one (DESIGN §3.6): payload and keys. */
function isSameStatement(a: Uint8Array, b: Uint8Array): boolean {
  try {
    const [one, other] = [decodeEnvelope(a), decodeEnvelope(b)];
    const keyids = ({ signatures }: typeof one): string => signatures.map(({ keyid }) => keyid).join();
    return bytesEqual(one.payload, other.payload) && keyids(one) === keyids(other);
  } catch {
    return false;
  }
}

export type BlobResult =
  | { readonly kind: 'stored'; readonly sha256: string }
  | Extract<SubmitResult, { kind: 'busy' | 'refused' | 'unreachable' }>;

/** Any answer but success. A code of the log decides; without one, the status does. */
function interpret(answer: Answer): SubmitResult {
  const { members, ...problem } = readProblem(answer);
  const wait = retryAfterMs(answer.headers['retry-after']) ?? DEFAULT_RETRY_MS;
  if (problem.code === 'not-yet-witnessed')
    return { kind: 'pending', ...location(members['index'], members['leafHash']), retryAfterMs: wait };
  if (problem.status === 429 || problem.status >= 500) return { kind: 'busy', problem, retryAfterMs: wait };
  return { kind: 'refused', problem };
}

function location(index: unknown, leafHash: unknown): { index: bigint; leafHash: string } {
  if (
    typeof index !== 'number' ||
    !Number.isSafeInteger(index) ||
    index < 0 ||
    typeof leafHash !== 'string' ||
    !/^[0-9a-f]{64}$/.test(leafHash)
  ) {
    throw malformed('an index and a leaf hash');
  }
  return { index: BigInt(index), leafHash };
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function malformed(expected: string, cause?: unknown): ClientError {
  return new ClientError('malformed', `the log's answer: expected ${expected}`, { cause });
}
