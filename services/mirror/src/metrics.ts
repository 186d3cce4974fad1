/** The mirror's own metrics. Labels are configured origins and fixed codes: nothing that a client makes up. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { CheckpointAnswer } from './answers.ts';
import type { MirrorStore } from './store.ts';
import type { UploadResult } from './upload.ts';

export interface MirrorMetrics {
  countCheckpoint(answer: CheckpointAnswer): void;
  countUpload(result: UploadResult): void;
  countSplitView(origin: string): void;
  countTrouble(origin: string): void;
}

export function createMirrorMetrics(registry: Registry, store: MirrorStore): MirrorMetrics {
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> =>
    new Counter({ name, help, labelNames, registers: [registry] });
  const checkpoints = counter(
    'mirror_add_checkpoint_total',
    'Answers to add-checkpoint; origin is empty if the request was refused before its log was known.',
    'origin',
    'result',
  );
  const uploads = counter('mirror_add_entries_total', 'Answers to add-entries, by status.', 'origin', 'status');
  const entries = counter('mirror_entries_received_total', 'Entries that uploads brought and whose proofs hold.', 'origin');
  const splitViews = counter('mirror_split_views_total', 'Signed checkpoints that contradict an accepted one. Must stay zero.', 'origin');
  const trouble = counter('mirror_follow_failures_total', 'Looks at a followed log that failed.', 'origin');
  const perLog = (name: string, help: string, value: (origin: string) => bigint): void =>
    registry.registerMetric(
      new Gauge({
        ...{ name, help, labelNames: ['origin'], registers: [] },
        collect() {
          for (const origin of store.origins()) this.set({ origin }, Number(value(origin)));
        },
      }),
    );
  perLog('mirror_tree_size', 'Size of the checkpoint cosigned last.', (origin) => store.mirrored(origin).size);
  perLog('mirror_pending_size', 'Size of the pending checkpoint.', (origin) => store.pending(origin).size);
  perLog('mirror_next_entry', 'Entries that are stored.', (origin) => store.next(origin));
  perLog(
    'mirror_cosigned_timestamp_seconds',
    'Time of the last cosignature; 0 if there is none.',
    (origin) => store.mirrored(origin).timestamp,
  );
  for (const origin of store.origins()) splitViews.inc({ origin }, 0);
  return {
    countCheckpoint: (answer) =>
      checkpoints.inc({
        origin: answer.origin ?? '',
        result: answer.status === 200 ? 'pending' : answer.status === 409 ? 'conflict' : answer.code,
      }),
    countUpload: ({ origin, entries: count, answer }) => {
      uploads.inc({ origin: origin ?? '', status: String(answer.status) });
      if (origin !== null) entries.inc({ origin }, Number(count));
    },
    countSplitView: (origin) => splitViews.inc({ origin }),
    countTrouble: (origin) => trouble.inc({ origin }),
  };
}
