/** The witness's own metrics. Labels are configured origins and fixed codes: nothing that a client makes up. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { CosignedHead, WitnessStore } from './store.ts';
import type { IndexAnswer } from './index-witness/answer.ts';

export interface WitnessMetrics {
  countAnswer(answer: IndexAnswer): void;
  countSplitView(origin: string): void;
}

/** @param prefix of the names: `witness`, or `index_witness` */
export function createWitnessMetrics(registry: Registry, store: WitnessStore, prefix = 'witness'): WitnessMetrics {
  const registers = [registry];
  const answers = new Counter({
    name: `${prefix}_add_checkpoint_total`,
    help: 'Answers to add-checkpoint; origin is empty if the request was refused before its log was known.',
    labelNames: ['origin', 'result'],
    registers,
  });
  const splitViews = new Counter({
    name: `${prefix}_split_views_total`,
    help: 'Signed checkpoints that contradict a cosigned one. Must stay zero.',
    labelNames: ['origin'],
    registers,
  });
  const perLog = (name: string, help: string, value: (head: CosignedHead) => bigint): void =>
    registry.registerMetric(
      new Gauge({
        ...{ name, help, labelNames: ['origin'], registers: [] },
        collect() {
          for (const origin of store.origins()) this.set({ origin }, Number(value(store.head(origin))));
        },
      }),
    );
  perLog(`${prefix}_tree_size`, 'Size of the checkpoint cosigned last.', ({ size }) => size);
  perLog(`${prefix}_cosigned_timestamp_seconds`, 'Time of the last cosignature; 0 if there is none.', ({ timestamp }) => timestamp);
  for (const origin of store.origins()) splitViews.inc({ origin }, 0);
  return {
    countAnswer: (answer) => answers.inc({ origin: answer.origin ?? '', result: resultOf(answer) }),
    countSplitView: (origin) => splitViews.inc({ origin }),
  };
}

function resultOf(answer: IndexAnswer): string {
  if (answer.status === 200) return 'cosigned';
  return answer.status === 409 ? 'conflict' : answer.code;
}
