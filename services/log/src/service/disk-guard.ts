import { statfs } from 'node:fs/promises';

/** How often free space is looked at. */
const INTERVAL_MS = 2000;

/**
 * Turns submissions away before the disk is full: a log that cannot write stops, one that is nearly full still serves what it has. The stop
 * remains the safety net, this only makes it rare.
 */
export class DiskGuard implements Disposable {
  readonly #path: string;
  readonly #minFree: number;
  #free = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  private constructor(path: string, minFree: number) {
    this.#path = path;
    this.#minFree = minFree;
  }

  /** @param minFree bytes; 0 turns the guard off */
  static async start(path: string, minFree: number): Promise<DiskGuard> {
    const guard = new DiskGuard(path, minFree);
    await guard.#look();
    guard.#timer = setInterval(() => void guard.#look(), INTERVAL_MS).unref();
    return guard;
  }

  get low(): boolean {
    return this.#free < this.#minFree;
  }

  /** Bytes free for this process. */
  get free(): number {
    return this.#free;
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    try {
      const { bavail, bsize } = await statfs(this.#path);
      this.#free = bavail * bsize;
    } catch {
      // A folder that cannot be looked at takes nothing new.
      this.#free = 0;
    }
  }
}
