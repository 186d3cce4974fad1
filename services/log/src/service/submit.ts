import { toHex } from '@verbatim/tlog';
import { verifyEd25519Async } from '@verbatim/tlog/node';
import { prepare, type Prepared, type PrepareOptions } from '../admission/prepare.ts';
import type { Refusal } from '../admission/refusal.ts';
import type { Engine } from '../engine/engine.ts';
import type { Publication } from '../publication/published.ts';
import type { BlobFolder } from './blob-folder.ts';
import type { DiskGuard } from './disk-guard.ts';

/** What a submitter is told about one entry. Only `published` is an acknowledgement with proof. */
export type Outcome =
  | {
      readonly kind: 'published';
      readonly index: bigint;
      readonly leafHash: string;
      readonly duplicate: boolean;
      readonly publication: Publication;
    }
  /** Durable and sequenced; the quorum of witnesses is missing. */
  | { readonly kind: 'not-yet-witnessed'; readonly index: bigint; readonly leafHash: string; readonly duplicate: boolean }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** Nothing was stored. */
  | { readonly kind: 'overloaded'; readonly code: 'overloaded' | 'storage-low' | 'not-confirmed'; readonly retryAfter: number };

const OVERLOADED: Outcome = { kind: 'overloaded', code: 'overloaded', retryAfter: 1 };
const NOT_CONFIRMED: Outcome = { kind: 'overloaded', code: 'not-confirmed', retryAfter: 2 };
const STORAGE_LOW: Outcome = { kind: 'overloaded', code: 'storage-low', retryAfter: 60 };

/** Takes entries from bytes to an answer: prepare, sequence, wait for publication. */
export class SubmitService {
  readonly #engine: Engine;
  readonly #options: PrepareOptions;
  readonly #disk: DiskGuard;
  readonly #timeoutMs: number;

  constructor(engine: Engine, blobs: BlobFolder, disk: DiskGuard, timeoutMs: number) {
    this.#engine = engine;
    const readBlob = (sha256: string): Promise<Uint8Array | null> => blobs.read(sha256);
    this.#options = { view: engine.ledger.view, verify: verifyEd25519Async, readBlob };
    this.#disk = disk;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws LogStoppedError when the log stops meanwhile: then nothing is known about the entry */
  async submit(entry: Uint8Array): Promise<Outcome> {
    return this.#noRoom(1) ?? this.#sequence(await this.#prepare(entry));
  }

  /** In order: an entry may depend on an earlier one of the same call. */
  async submitAll(entries: readonly Uint8Array[]): Promise<Outcome[]> {
    const noRoom = this.#noRoom(entries.length);
    if (noRoom !== null) return entries.map(() => noRoom);
    const prepared = await Promise.all(entries.map((entry) => this.#prepare(entry)));
    return Promise.all(prepared.map((each) => this.#sequence(each)));
  }

  #noRoom(count: number): Outcome | null {
    if (this.#disk.low) return STORAGE_LOW;
    return this.#engine.sequencer.hasRoom(count) ? null : OVERLOADED;
  }

  #prepare(entry: Uint8Array): Promise<Prepared> {
    return prepare(entry, this.#options);
  }

  async #sequence(prepared: Prepared): Promise<Outcome> {
    if (prepared.kind === 'refused') return prepared;
    if (!(await this.#engine.standing.wait(this.#timeoutMs))) return NOT_CONFIRMED;
    const submission = await this.#engine.submit(prepared.candidate);
    if (submission.kind === 'refused') return submission;
    if (submission.kind === 'overloaded') return OVERLOADED;
    return this.#awaitPublication(submission.index, toHex(submission.leafHash), submission.kind === 'duplicate');
  }

  async #awaitPublication(index: bigint, leafHash: string, duplicate: boolean): Promise<Outcome> {
    const publication = await this.#engine.published.wait(index, this.#timeoutMs);
    return publication === null
      ? { kind: 'not-yet-witnessed', index, leafHash, duplicate }
      : { kind: 'published', index, leafHash, duplicate, publication };
  }
}
