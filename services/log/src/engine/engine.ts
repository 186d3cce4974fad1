import { join } from 'node:path';
import type { Durable, Logger, OwnedDatabase } from '@verbatim/service-kit';
import { type NodeCache, PublicFolder, type Tree } from '@verbatim/service-kit/tree';
import { parseNote, quorumSatisfied, utf8Decode, type VerifierKey } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import type { Candidate } from '../admission/candidate.ts';
import { logKeyAt } from '../admission/control-state.ts';
import type { LogConfig } from '../config.ts';
import type { Cosignature, SignedCheckpoint } from '../publication/collector.ts';
import { Published } from '../publication/published.ts';
import { Publisher } from '../publication/publisher.ts';
import { WitnessStage } from '../publication/witness-stage.ts';
import { Sequencer, type Submission } from '../sequencer/sequencer.ts';
import { BlobTable } from '../store/blob-table.ts';
import { CheckpointStore, type StoredCheckpoint } from '../store/checkpoints.ts';
import { ControlTable } from '../store/control-table.ts';
import { EntryStore } from '../store/entries.ts';
import { Ledger } from '../store/ledger.ts';
import { LogIndex } from '../store/log-index.ts';
import { StandingTable } from '../store/standing-table.ts';
import { EvidenceFolder } from '../witness/evidence-folder.ts';
import { LogBatchWriter } from './batch-writer.ts';
import { WitnessAlarms } from './alarms.ts';
import { type Identity, ledgerIdentity, readIdentity } from './identity.ts';
import type { LogKeys } from './log-keys.ts';
import { restoreIndex } from './restore-index.ts';
import { restorePublished, restoreTree } from './restore.ts';
import { checkLastCheckpoint } from './last-checkpoint.ts';
import { Standing } from './standing.ts';
import { asSigned, nothingSigned } from './signed.ts';
import { LogStateError } from './state-error.ts';
import { stageWitness } from './stage-witness.ts';

export interface EngineOptions {
  readonly config: LogConfig;
  readonly keys: LogKeys;
  readonly db: OwnedDatabase;
  readonly durable: Durable;
  readonly logger: Logger;
  readonly now: () => number;
  /** The process must stop. Called once; after it, nothing is acknowledged any more. */
  readonly onFatal: (error: unknown) => void;
  /** Aborts a start that waits for witnesses. */
  readonly signal?: AbortSignal;
  /** For tests: wraps the checkpoint store, whose writes are not `durable`'s. */
  readonly wrapCheckpoints?: (store: CheckpointStore) => CheckpointStore;
  /** For tests: wraps the sequencing transaction. */
  readonly wrapLedger?: (ledger: Ledger) => Pick<Ledger, 'sequence'>;
}

/** What is stored, opened and repaired. */
interface Parts {
  readonly identity: Identity;
  readonly ledger: Ledger;
  readonly index: LogIndex;
  readonly checkpoints: CheckpointStore;
  readonly folder: PublicFolder;
  readonly entries: EntryStore;
  readonly tree: Tree;
}

/** Entries whose tiles are written in one step when a restart finds more sequenced than signed. */
const RESTORE_CHUNK = 4096n;

/**
 * The log without its HTTP: opens what is stored, repairs it, and runs the two stages of DESIGN §3.6. Everything that HTTP reads is bounded by
 * `published`.
 */
export class Engine implements AsyncDisposable {
  readonly identity: Identity;
  readonly entries: EntryStore;
  readonly blobs: BlobTable;
  readonly folder: PublicFolder;
  readonly ledger: Ledger;
  readonly index: LogIndex;
  readonly published: Published;
  readonly stage: WitnessStage;
  readonly sequencer: Sequencer;
  readonly standing: Standing;
  readonly #tree: Tree;
  readonly #writer: LogBatchWriter;
  readonly #publisher: Publisher;
  readonly #closeWitnesses: () => Promise<void>;
  #failure: unknown = null;
  #signedAt: number;
  #signed: SignedCheckpoint;

  static async open(options: EngineOptions): Promise<Engine> {
    const { config, db, durable, keys } = options;
    const identity = readIdentity(db, config.origin);
    const entries = new EntryStore(db);
    const known = ledgerIdentity(identity, config.witnesses, keys);
    const control = new ControlTable(db, known.keys);
    keys.check(control.state, entries.count());
    const checkpoints = options.wrapCheckpoints?.(new CheckpointStore(db)) ?? new CheckpointStore(db);
    const folder = new PublicFolder(join(config.data_dir, 'public'), durable);
    await folder.create();
    const stored = checkpoints.signed();
    const tree = await restoreTree({ entries, checkpoints, folder }, stored, entries.count());
    const index = new LogIndex(db, identity.origin, (size) => keys.signersAt(control.state, size)[0]!);
    const keyAt = (size: bigint): VerifierKey => logKeyAt(control.state, size);
    const published = await restorePublished({ entries, checkpoints, folder }, tree, keyAt);
    restoreIndex(db, index, entries, published?.size ?? 0n, options.now());
    const ledger = new Ledger(db, known, control, index, (error) => options.logger.error({ err: error }, 'an admission rule threw'));
    const parts = { identity, ledger, index, checkpoints, folder, entries, tree };
    const engine = new Engine(options, parts, stored, published === null ? null : { size: published.size, bytes: published.note });
    try {
      await engine.#start(stored, options, keyAt);
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
    return engine;
  }

  private constructor(
    options: EngineOptions,
    { identity, ledger, index, checkpoints, folder, entries, tree }: Parts,
    stored: StoredCheckpoint | null,
    published: { readonly size: bigint; readonly bytes: Uint8Array } | null,
  ) {
    const { config, db, logger, now } = options;
    this.identity = identity;
    this.entries = entries;
    this.folder = folder;
    this.ledger = ledger;
    this.index = index;
    this.blobs = new BlobTable(db);
    this.#tree = tree;
    this.#signedAt = performance.now();
    this.#signed = stored === null ? nothingSigned(identity.origin, []) : asSigned(stored);
    this.published = new Published();
    if (published !== null) {
      this.published.set({ ...published, text: utf8Decode(published.bytes), note: parseNote(published.bytes), at: now() });
      index.published(published.size);
    }

    const onFatal = (error: unknown): void => this.#fail(error, options.onFatal);
    this.standing = new Standing(
      config.policy,
      config.witnesses.map(({ name }) => name),
    );
    const witnesses = config.witnesses.map((witness) =>
      stageWitness(witness, { checkpoints, nodes: tree.nodes, timeoutMs: config.witness_request_timeout_ms, verify: verifyEd25519, now }),
    );
    this.#closeWitnesses = async () => {
      await Promise.all(witnesses.map((witness) => witness.close()));
    };
    const byName = new Map(config.witnesses.map((witness) => [witness.name, witness]));
    this.#publisher = new Publisher({
      folder,
      checkpoints,
      published: this.published,
      onPublished: (size) => index.published(size),
      witnesses: () => this.stage.sizes().map(({ name, size }) => ({ vkey: byName.get(name)!.key.text, size })),
      grease: config.grease,
      now,
      onFatal,
    });
    const folderOfEvidence = new EvidenceFolder(join(config.data_dir, 'evidence'), options.durable);
    const alarms = new WitnessAlarms({ witnesses: byName, folder: folderOfEvidence, checkpoints, logger, onFatal });
    this.stage = new WitnessStage({
      witnesses,
      satisfied: (names) => quorumSatisfied(config.policy, names),
      roundMs: config.witness_timeout_ms,
      renewMs: config.renew_ms,
      onQuorum: (checkpoint, cosignatures) => {
        if (config.policy.quorum !== null) this.standing.heard(cosignatures, now());
        // Size 0 was only to ask the witnesses of a new log.
        if (checkpoint.size > 0n) this.#publisher.publish(checkpoint, cosignatures);
      },
      onSplitView: (name, evidence) => alarms.splitView(name, evidence),
      onEvidence: (name, evidence) => alarms.proofRefused(name, evidence),
      onAhead: (name, size) =>
        onFatal(
          new LogStateError(
            'rolled-back',
            `witness ${name} has cosigned size ${size} of this log, and the database has signed ${this.#signed.size}. This log lost state: it was restored from an old copy, or two processes use its key. Going on would fork it: restore a newer backup, or from tiles that have these entries ("restore --from-tiles").`,
          ),
        ),
      logger,
      now: () => performance.now(),
    });
    const ledgerPort = options.wrapLedger?.(ledger) ?? ledger;
    this.#writer = new LogBatchWriter({
      origin: identity.origin,
      signersAt: (size) => options.keys.signersAt(ledger.control.state, size),
      ledger: ledgerPort,
      tree,
      folder,
      checkpoints,
      signed: stored,
      onSigned: (checkpoint) => {
        this.#signed = checkpoint;
        this.#signedAt = performance.now();
        this.stage.signed(checkpoint);
      },
      now,
    });
    this.sequencer = new Sequencer({
      writer: this.#writer,
      maxBatch: config.limits.max_batch,
      maxPending: config.limits.max_pending,
      intervalMs: config.batch_interval_ms,
      unpublished: () => Number(ledger.size - this.published.size),
      onFatal,
    });
  }

  /** Nodes of the tree, for proofs at the published size. */
  get nodes(): NodeCache {
    return this.#tree.nodes;
  }

  /** The newest checkpoint that was signed, and when by `performance.now()`: what waits for its quorum. */
  get signed(): { readonly size: bigint; readonly at: number } {
    return { size: this.#signed.size, at: this.#signedAt };
  }

  /** Cosignatures that came after publication: they are published with the checkpoint as long as it is the newest. */
  addCosignatures(checkpoint: SignedCheckpoint, cosignatures: readonly Cosignature[]): void {
    this.#publisher.publish(checkpoint, cosignatures);
  }

  get failed(): boolean {
    return this.#failure !== null;
  }

  /** Resolves when the entry is sequenced, durably, or refused; publication is `published.wait`'s. */
  submit(candidate: Candidate): Promise<Submission> {
    return this.sequencer.submit(candidate);
  }

  /** Stops taking part: the batch in flight is finished, nothing is published after it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.sequencer.drained();
    this.stage.stop();
    await this.#publisher.settled();
    await this.#closeWitnesses();
    this.published.stop(new Error('the log is shutting down'));
    // After a failure memory may be ahead of the database.
    if (!this.failed) this.index.write();
  }

  /**
   * Lets the second stage run, and once it is proved that nothing is newer than this database, integrates what was sequenced and not signed when
   * the process ended. Resolves when that is done or, without any sign of a copy, when the witnesses have been asked.
   */
  async #start(stored: StoredCheckpoint | null, options: EngineOptions, keyAt: (size: bigint) => VerifierKey): Promise<void> {
    const { config, db, keys, logger, signal, onFatal } = options;
    const table = new StandingTable(db);
    const copy = table.get();
    const atOnce = this.standing.proveAtOnce(copy, (note) => checkLastCheckpoint(this.entries, keyAt, note));
    const started = this.standing.proof.then(async () => {
      await this.#integrateAll();
      if (copy !== null) table.clear();
      this.standing.open();
    });
    if (stored !== null) this.stage.signed(asSigned(stored));
    else if (!atOnce) this.stage.signed(nothingSigned(config.origin, keys.signersAt(this.ledger.control.state, 0n)));
    if (!atOnce && copy === null) {
      started.catch((error: unknown) => this.#fail(error, onFatal));
      return;
    }
    if (!atOnce)
      logger.warn('this database is a copy: nothing is served before the witnesses have confirmed that nothing newer was signed');
    signal?.addEventListener('abort', () => this.standing.refuse(signal.reason), { once: true });
    await started;
  }

  async #integrateAll(): Promise<void> {
    if (this.#tree.size === this.ledger.size) return;
    while (this.#tree.size < this.ledger.size) {
      const end = this.#tree.size + RESTORE_CHUNK < this.ledger.size ? this.#tree.size + RESTORE_CHUNK : this.ledger.size;
      await this.#writer.grow(this.entries.range(this.#tree.size, end));
    }
    // Once, for all of it: only the last entry is sure to end a batch, with an index root.
    this.#writer.sign();
  }

  #fail(error: unknown, report: (error: unknown) => void): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.sequencer.stop(error);
    this.stage.stop();
    this.published.stop(error);
    this.standing.refuse(error);
    report(error);
  }
}
