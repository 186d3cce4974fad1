/** A witness under faults: what it cosigned it knows after a restart, and it never cosigns another history. */
import { InMemoryLog } from '@verbatim/testkit';
import { formatAddCheckpoint, utf8Encode } from '@verbatim/tlog';
import { CosignerProcess } from './_cosigner.ts';
import type { Subject } from './_matrix.ts';

/** More than there are faults. */
const SIZE = 1000;

export class WitnessSubject implements Subject {
  readonly threads = ['node-MainThread'];
  readonly loads = ['cosign', 'stop'];
  readonly maxLoads = 2;
  readonly #witness: CosignerProcess;
  readonly #log: InMemoryLog;
  readonly #fork: InMemoryLog;
  /** The largest size that it was heard to cosign. */
  #cosigned = 0;

  private constructor(witness: CosignerProcess, log: InMemoryLog, fork: InMemoryLog) {
    this.#witness = witness;
    this.#log = log;
    this.#fork = fork;
  }

  /** @param dataDir on another disk; a folder of its own otherwise */
  static async start(dataDir?: string): Promise<WitnessSubject> {
    const log = new InMemoryLog({ origin: 'log.example/witnessed' });
    const fork = new InMemoryLog({ origin: log.origin, signer: log.signer });
    for (let i = 0; i < SIZE; i++) {
      log.add(utf8Encode(`entry ${i}`));
      fork.add(utf8Encode(i === 0 ? 'another' : `entry ${i}`));
    }
    const subject = new WitnessSubject(await CosignerProcess.start('witness', log.vkey, dataDir), log, fork);
    await subject.#grow(0);
    return subject;
  }

  get pid(): number {
    return this.#witness.pid;
  }

  get acknowledged(): number {
    return this.#cosigned;
  }

  kindOf(path: string): string | null {
    return this.#witness.below(path);
  }

  async prepare(): Promise<void> {
    await this.#grow(await this.#size());
  }

  async load(load: string): Promise<void> {
    if (load === 'stop') await this.#witness.stop();
    else await this.#grow(this.#cosigned);
  }

  async recover(): Promise<string> {
    // Whatever it made of an error: it is held to its word after a restart.
    const outcome = await this.#witness.outcome(() => this.#send(this.#log, this.#cosigned, this.#cosigned));
    await this.#witness.stop('SIGKILL');
    await this.#witness.restart();
    const known = await this.#size();
    // One size may have been written and not answered.
    if (known !== this.#cosigned && known !== this.#cosigned + 1)
      throw new Error(`expected the witness to know that it cosigned ${this.#cosigned}; it knows ${known}`);
    const forked = await this.#ask(this.#fork, known, known);
    if (forked !== 422) throw new Error(`expected another history to be refused with 422; found ${forked}`);
    const grown = await this.#grow(known);
    if (grown !== 200) throw new Error(`expected the witness to go on at ${known}; found ${grown}`);
    return outcome;
  }

  /** Ends it at once; `recover` brings it back. */
  kill(): Promise<void> {
    return this.#witness.stop('SIGKILL');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#witness[Symbol.asyncDispose]();
  }

  /** One entry more than `from`; status of the answer. */
  async #grow(from: number): Promise<number | null> {
    const status = await this.#ask(this.#log, from, from + 1);
    if (status === 200) this.#cosigned = from + 1;
    return status;
  }

  async #ask(history: InMemoryLog, from: number, to: number): Promise<number | null> {
    return (await this.#send(history, from, to))?.status ?? null;
  }

  #send(history: InMemoryLog, from: number, to: number): Promise<{ status: number; text: string } | null> {
    const proof = from === 0 || from === to ? [] : history.consistencyProof(BigInt(from), BigInt(to));
    const checkpoint = history.checkpoint({ size: BigInt(to), witnesses: [] });
    return this.#witness.post('add-checkpoint', formatAddCheckpoint({ oldSize: BigInt(from), proof, checkpoint }));
  }

  /** Asked with a size that it cannot have, it tells its own. */
  async #size(): Promise<number> {
    const answer = await this.#send(this.#log, SIZE - 1, SIZE);
    if (answer?.status !== 409) throw new Error(`expected 409 with the witness's size; found ${answer?.status} ${answer?.text}`);
    return Number(answer.text);
  }
}
