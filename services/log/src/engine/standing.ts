import { quorumSatisfied, type TlogPolicy } from '@verbatim/tlog';
import type { Cosignature } from '../publication/collector.ts';
import type { Copy } from '../store/standing-table.ts';
import { LogStateError } from './state-error.ts';

/** An older cosignature may be one that somebody kept and plays again. */
const MAX_AGE_SECONDS = 300n;

/**
 * Whether this process knows that its database is the newest state of the log. A restored database does not know that it is old, and signing from
 * there on would fork the log: so nothing new is signed before the witnesses have spoken, at every start.
 *
 * Those that cosign the newest signed checkpoint hold nothing beyond it. They must be a quorum, and those that have not spoken must be too few to
 * be one: two quorums need not have a witness in common (2 of 4, say), and then the silent ones could have made a larger checkpoint public.
 */
export class Standing {
  readonly #policy: TlogPolicy;
  readonly #all: readonly string[];
  readonly #heard = new Set<string>();
  readonly #proof = Promise.withResolvers<void>();
  readonly #opening = Promise.withResolvers<void>();
  #open = false;

  /** @param witnesses names of all that are configured */
  constructor(policy: TlogPolicy, witnesses: readonly string[]) {
    this.#policy = policy;
    this.#all = witnesses;
    // Whoever waits for them is told; nobody need.
    this.#proof.promise.catch(() => {});
    this.#opening.promise.catch(() => {});
  }

  /** Witnesses that have not spoken yet. */
  get silent(): string[] {
    return this.#all.filter((name) => !this.#heard.has(name));
  }

  /** Resolves when it is proved; rejects with the reason of `refuse`. */
  get proof(): Promise<void> {
    return this.#proof.promise;
  }

  /**
   * These witnesses have cosigned what this database has signed last. Only for a policy with a quorum.
   *
   * @param now milliseconds
   */
  heard(cosignatures: readonly Pick<Cosignature, 'witness' | 'timestamp'>[], now: number): void {
    const oldest = BigInt(Math.floor(now / 1000)) - MAX_AGE_SECONDS;
    for (const { witness, timestamp } of cosignatures) if (timestamp >= oldest) this.#heard.add(witness);
    if (quorumSatisfied(this.#policy, this.#heard) && !quorumSatisfied(this.#policy, new Set(this.silent))) this.#proof.resolve();
  }

  /**
   * What can be known without asking anybody: the operator has given the last checkpoint, or there is no quorum to ask and this is no copy.
   * False when the witnesses must speak. Throws LogStateError.
   *
   * @param check holds the database against that checkpoint; throws unless it is covered
   */
  proveAtOnce(copy: Copy | null, check: (lastCheckpoint: Uint8Array) => void): boolean {
    if (copy !== null && copy.lastCheckpoint !== null) check(copy.lastCheckpoint);
    else if (this.#policy.quorum !== null) return false;
    else if (copy !== null) {
      throw new LogStateError(
        'unproven',
        `expected proof that this database, a copy made at ${new Date(copy.copiedAt * 1000).toISOString()}, is the newest state of the log; there is no quorum of witnesses to ask. ` +
          `Give the last checkpoint that anybody has seen: confirm --last-checkpoint FILE`,
      );
    }
    this.#proof.resolve();
    return true;
  }

  /** The backlog is integrated: new entries may be sequenced. */
  open(): void {
    this.#open = true;
    this.#opening.resolve();
  }

  /** It will not be proved any more: the process stops. */
  refuse(reason: unknown): void {
    this.#proof.reject(reason);
    this.#opening.reject(reason);
  }

  /** Whether new entries may be sequenced. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Waits for that; false after `timeoutMs`, or when it will never be. */
  async wait(timeoutMs: number): Promise<boolean> {
    if (this.#open) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), timeoutMs);
    });
    const opened = this.#opening.promise.then(
      () => true,
      () => false,
    );
    return Promise.race([opened, late]).finally(() => clearTimeout(timer));
  }
}
