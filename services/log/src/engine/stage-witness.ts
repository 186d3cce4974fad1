import { consistencyProof, type NodeCache } from '@verbatim/service-kit/tree';
import type { NoteVerify } from '@verbatim/tlog';
import type { WitnessConfig } from '../config.ts';
import type { StageWitness } from '../publication/witness-stage.ts';
import type { CheckpointStore } from '../store/checkpoints.ts';
import { askWitness } from '../witness/ask.ts';
import { WitnessTransport } from '../witness/transport.ts';

interface Needs {
  readonly checkpoints: CheckpointStore;
  readonly nodes: NodeCache;
  readonly timeoutMs: number;
  readonly verify: NoteVerify;
  readonly now: () => number;
}

/** Joins what is configured, what is stored about it and how to talk to it. */
export function stageWitness(
  config: WitnessConfig,
  { checkpoints, nodes, timeoutMs, verify, now }: Needs,
): StageWitness & { close(): Promise<void> } {
  const { size, alarm } = checkpoints.witness(config.key.text);
  const transport = new WitnessTransport(config.url, timeoutMs);
  return {
    name: config.name,
    keyName: config.key.name,
    intervalMs: config.intervalMs,
    size,
    closed: alarm !== null,
    ask: (target, oldSize) =>
      askWitness({
        witness: config.key,
        mlDsaKey: config.mlDsaKey,
        target,
        // A stored size beyond the target is an old belief of ours; the witness will correct it.
        oldSize: oldSize <= target.size ? oldSize : 0n,
        proof: (from, to) => consistencyProof(nodes, from, to),
        post: transport.post,
        verify,
        now,
      }),
    close: () => transport.close(),
  };
}
