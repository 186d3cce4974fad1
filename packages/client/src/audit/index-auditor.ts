/** Rebuilds a log's index from its entries and compares every root that the log states: docs/spec/index-map.md §6. */
import { EMPTY_MAP } from '@verbatim/index-map';
import { type Ed25519Verify, toBase64, type VerifierKey } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { decodeOrNull } from '../decode-or-null.ts';
import { accuse } from '../evidence-file.ts';
import type { FollowBatch, FollowConsumer, FollowPosition } from '../follow/consumer.ts';
import { AuditPass } from './audit-pass.ts';
import { describeFinding, type IndexFinding } from './finding.ts';
import { GrowingMap } from './growing-map.ts';
import { decodeProgress, encodeProgress, type Progress } from './progress.ts';
import { Releases } from './releases.ts';
import type { AuditStore } from './store.ts';

export interface IndexAuditorOptions {
  readonly logKey: VerifierKey;
  /** Keys that the log signed with before that one, as its root key says. Later ones it finds by itself. */
  readonly earlierKeys?: readonly VerifierKey[];
  readonly store: AuditStore;
  /** Where evidence of a wrong index is saved, before the finding is kept. Null, or a folder that cannot be written: with temporary files. */
  readonly evidenceFolder: string | null;
  readonly verify?: Ed25519Verify;
  readonly onWarning?: (message: string) => void;
}

/** What is known of a log's index after an audit. */
export interface AuditReport {
  /** Null before anything was read. */
  readonly position: FollowPosition | null;
  /** None: every root up to the position is right. At most `MAX_INDEX_FINDINGS`, the first ones. A log never gets rid of them. */
  readonly findings: readonly IndexFinding[];
  readonly evidencePath: string | null;
}

/**
 * A follower that audits: what is wrong is kept as a finding, and the audit goes on. It holds one batch's new nodes in memory; everything else is
 * the store's.
 *
 * @example
 * const auditor = new IndexAuditor({ logKey, store, evidenceFolder });
 * await catchUp(reader, auditor, { evidenceFolder });
 * const sound = auditor.report().findings.length === 0;
 */
export class IndexAuditor implements FollowConsumer {
  readonly #options: IndexAuditorOptions;
  readonly #verify: Ed25519Verify;
  readonly #releases = new Releases();
  #progress: Progress | null;

  /** Throws `ClientError` 'unusable' when the store holds something else. */
  constructor(options: IndexAuditorOptions) {
    this.#options = options;
    this.#verify = options.verify ?? verifyEd25519;
    const kept = options.store.load();
    this.#progress = kept === null ? null : decodeProgress(kept.state);
  }

  position(): FollowPosition | null {
    return this.#progress?.position ?? null;
  }

  report(): AuditReport {
    const { position, findings, evidencePath } = this.#progress ?? { position: null, findings: [], evidencePath: null };
    return { position, findings, evidencePath };
  }

  async take({ entries, tree, position }: FollowBatch): Promise<void> {
    const { store, logKey, earlierKeys = [] } = this.#options;
    const decoded = entries.map(({ entry }) => decodeOrNull(entry));
    const first = Number(entries[0]?.index ?? position.next);
    await this.#releases.load(
      decoded.map((each) => each?.statement),
      first,
      tree,
    );
    const map = new GrowingMap(store, store.load()?.map ?? EMPTY_MAP);
    const pass = new AuditPass({
      before: this.#progress,
      position,
      logKey,
      earlierKeys,
      map,
      releases: this.#releases,
      verify: this.#verify,
    });
    for (const [i, entry] of entries.entries()) pass.take(entry, decoded[i]!);
    const change = map.change();
    const progress = await this.#withEvidence(pass.progress(), tree);
    store.commit(position.next, change, encodeProgress(progress));
    this.#progress = progress;
    this.#releases.trim();
  }

  /** The first finding's evidence: whoever has the log's entries can repeat it. */
  async #withEvidence(progress: Progress, tree: FollowBatch['tree']): Promise<Progress> {
    const [finding] = progress.findings;
    if (finding === undefined || progress.evidencePath !== null) return progress;
    const { logKey, evidenceFolder, onWarning = () => {} } = this.#options;
    const { checkpoint: note } = progress.position;
    const { entry, proof } = await tree.proved(BigInt(finding.index));
    const { evidencePath } = await accuse(
      {
        code: 'bad-index',
        what: `has a wrong index: ${describeFinding(finding)}`,
        logKey,
        remembered: null,
        served: { note, checkpoint: tree.checkpoint },
        details: { finding, entry: toBase64(entry), inclusion: { index: String(finding.index), proof: proof.map(toBase64) } },
      },
      evidenceFolder,
      onWarning,
    );
    return { ...progress, evidencePath };
  }
}
