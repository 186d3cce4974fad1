/** The results of the most recently asked questions; failures are forgotten at once, so that they can be asked again. */
export class Recent<K, V extends Promise<unknown>> {
  readonly #limit: number;
  readonly #values = new Map<K, V>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: K, ask: () => V): V {
    const known = this.#values.get(key);
    const value = known ?? ask();
    // A Map iterates in order of insertion: the least recent is first.
    this.#values.delete(key);
    this.#values.set(key, value);
    if (known === undefined) value.catch(() => this.#values.delete(key));
    if (this.#values.size > this.#limit) this.#values.delete(this.#values.keys().next().value!);
    return value;
  }
}
