import type { Signer } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { type ControlState, logKeyAt } from '../admission/control-state.ts';
import { LogStateError } from './state-error.ts';

/** The log's private keys that this process holds: `key_file`, and while the key is being rotated `next_key_file`. */
export class LogKeys {
  readonly #signers: ReadonlyMap<string, Signer>;

  /** @param signers `key_file`'s first */
  constructor(signers: readonly Signer[]) {
    this.#signers = new Map(signers.map((signer) => [vkeyOf(signer), signer]));
  }

  holds(vkey: string): boolean {
    return this.#signers.has(vkey);
  }

  /**
   * Who signs a checkpoint of this size: the key that is current then, and after it those before it that are held still, so that whoever has not
   * followed the rotation yet can read on.
   */
  signersAt(state: ControlState, size: bigint): Signer[] {
    const terms = state.terms.log.filter(({ since }) => since === null || since < size).toReversed();
    return terms.flatMap(({ key }) => this.#signers.get(key.text) ?? []);
  }

  /** Throws LogStateError `wrong-identity` unless the key that is current at `size` is held, and `key_file` holds this log's: that one or an earlier. */
  check(state: ControlState, size: bigint): void {
    const key = logKeyAt(state, size);
    const [first] = this.#signers.keys();
    if (this.holds(key.text) && state.terms.log.some((term) => term.key.text === first)) return;
    throw new LogStateError(
      'wrong-identity',
      `expected the log key ${key.text}, which is this log's at size ${size}; key_file and next_key_file hold ${[...this.#signers.keys()].join(' and ')}.`,
    );
  }
}
