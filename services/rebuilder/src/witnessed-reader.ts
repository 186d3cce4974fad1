import { ClientError, LogMisbehaviour, LogReader, type LogReaderOptions, type LogView } from '@verbatim/client';
import { readWitnesses } from '@verbatim/consensus';
import { parseNote, type TlogPolicy } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';

/**
 * A log as far as the policy's witnesses vouch for it: a checkpoint without their quorum is waited for like one that is not there. So a
 * rebuilder works, and says what it saw, only on a history that is not shown to it alone.
 */
export class WitnessedReader extends LogReader {
  readonly #policy: TlogPolicy;

  constructor(options: LogReaderOptions, policy: TlogPolicy) {
    super(options);
    this.#policy = policy;
  }

  override async latest(signal?: AbortSignal): Promise<LogView> {
    const view = await super.latest(signal);
    requireQuorum(view.note, this.#policy, Date.now());
    return view;
  }
}

/** Throws ClientError `not-found` without a quorum, LogMisbehaviour when a cosignature of the policy's witnesses is forged. */
export function requireQuorum(checkpoint: Uint8Array, policy: TlogPolicy, nowMs: number): void {
  const { quorum, forged } = readWitnesses(parseNote(checkpoint), policy, BigInt(Math.floor(nowMs / 1000)), verifyEd25519);
  if (forged.length > 0) {
    throw new LogMisbehaviour('bad-checkpoint', `the checkpoint carries cosignatures that do not verify: ${forged.join(', ')}`, {
      exhibits: [{ path: 'checkpoint', bytes: checkpoint }],
    });
  }
  if (!quorum)
    throw new ClientError('not-found', `expected a checkpoint that the quorum ${policy.quorum} has cosigned, found fewer cosignatures`);
}
