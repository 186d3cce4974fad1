import type { Logger } from '@verbatim/service-kit';
import type { WitnessConfig } from '../config.ts';
import type { CheckpointStore } from '../store/checkpoints.ts';
import type { Evidence } from '../witness/ask.ts';
import type { EvidenceFolder } from '../witness/evidence-folder.ts';

export interface AlarmOptions {
  readonly witnesses: ReadonlyMap<string, WitnessConfig>;
  readonly folder: EvidenceFolder;
  readonly checkpoints: Pick<CheckpointStore, 'setAlarm'>;
  readonly logger: Logger;
  readonly onFatal: (error: unknown) => void;
}

/** What happens when a witness holds something against this log: evidence first, then the alarm that outlives a restart, then the operator. */
export class WitnessAlarms {
  readonly #options: AlarmOptions;

  constructor(options: AlarmOptions) {
    this.#options = options;
  }

  /** The witness holds another history. The stage has closed it already; this keeps it closed. */
  splitView(name: string, evidence: Evidence): void {
    const { witnesses, checkpoints, logger } = this.#options;
    this.#save('split-view', name, evidence, (path) => {
      checkpoints.setAlarm(witnesses.get(name)!.key.text, path);
      logger.error(
        { witness: name, evidence: path, detail: evidence.detail },
        'SPLIT VIEW: this witness holds another history; it is not asked or counted any more',
      );
    });
  }

  /** The witness refused to follow our growth. It may be its defect or ours; it is asked again later. */
  proofRefused(name: string, evidence: Evidence): void {
    this.#save('proof-refused', name, evidence, (path) =>
      this.#options.logger.error({ witness: name, evidence: path, detail: evidence.detail }, 'witness refused our consistency proof'),
    );
  }

  #save(kind: 'split-view' | 'proof-refused', name: string, evidence: Evidence, then: (path: string) => void): void {
    const { witnesses, folder, onFatal } = this.#options;
    const { key, url } = witnesses.get(name)!;
    // Evidence that cannot be kept is a write whose outcome is unknown, like any other.
    folder.save(kind, { name, vkey: key.text, url }, evidence).then(then).catch(onFatal);
  }
}
