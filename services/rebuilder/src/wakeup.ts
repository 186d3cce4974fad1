/** One waiter, woken by an event, a time or a stop. A wake that comes while nobody waits is kept: nothing is missed. */
export class Wakeup {
  #woken = false;
  #resolve: () => void = () => {};

  wake(): void {
    this.#woken = true;
    this.#resolve();
  }

  /** Resolves after `ms` at the latest, at once when `signal` is aborted. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#woken && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#resolve = resolve;
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      clearTimeout(timer);
      this.#resolve = () => {};
    }
    this.#woken = false;
  }
}
