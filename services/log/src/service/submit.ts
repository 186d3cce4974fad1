import { toHex } from '@verbatim/tlog';
import { verifyEd25519Async } from '@verbatim/tlog/node';
import { prepare } from '../admission/prepare.ts';
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
  | { readonly kind: 'overloaded'; readonly code: 'overloaded' | 'storage-low'; readonly retryAfter: number };

const OVERLOADED: Outcome = { kind: 'overloaded', code: 'overloaded', retryAfter: 1 };
const STORAGE_LOW: Outcome = { kind: 'overloaded', code: 'storage-low', retryAfter: 60 };

/** Takes entries from bytes to an answer: prepare, sequence, wait for publication. */
export class SubmitService {
  readonly #engine: Engine;
  readonly #blobs: BlobFolder;
  readonly #disk: DiskGuard;
  readonly #timeoutMs: number;

  constructor(engine: Engine, blobs: BlobFolder, disk: DiskGuard, timeoutMs: number) {
    this.#engine = engine;
    this.#blobs = blobs;
    this.#disk = disk;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws LogStoppedError or the fatal error itself when the log stops meanwhile: then nothing is known about the entry */
  async submit(entry: Uint8Array): Promise<Outcome> {
    const [outcome] = await this.submitAll([entry]);
    return outcome!;
  }

  /** In order: an entry may depend on an earlier one of the same call. */
  async submitAll(entries: readonly Uint8Array[]): Promise<Outcome[]> {
    if (this.#disk.low) return entries.map(() => STORAGE_LOW);
    if (!this.#engine.sequencer.hasRoom(entries.length)) return entries.map(() => OVERLOADED);
    const { view } = this.#engine.ledger;
    const options = {
      view,
      admin: this.#engine.adminKey,
      verify: verifyEd25519Async,
      readBlob: (sha256: string) => this.#blobs.read(sha256),
    };
    const prepared = await Promise.all(entries.map((entry) => prepare(entry, options)));
    return Promise.all(
      prepared.map(async (each): Promise<Outcome> => {
        if (each.kind === 'refused') return each;
        const submission = await this.#engine.submit(each.candidate);
        if (submission.kind === 'refused') return submission;
        if (submission.kind === 'overloaded') return OVERLOADED;
        return this.#awaitPublication(submission.index, toHex(submission.leafHash), submission.kind === 'duplicate');
      }),
    );
  }

  async #awaitPublication(index: bigint, leafHash: string, duplicate: boolean): Promise<Outcome> {
    const publication = await this.#engine.published.wait(index, this.#timeoutMs);
    return publication === null
      ? { kind: 'not-yet-witnessed', index, leafHash, duplicate }
      : { kind: 'published', index, leafHash, duplicate, publication };
  }
}
