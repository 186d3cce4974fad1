/** What an observation repeats of the one before it is said once: docs/spec/bundle.md §3.1. */
import { canonicalTextOfParsed } from '@verbatim/statements';

type Members = Readonly<Record<string, unknown>>;

/** Goes along with the observations of a bundle, in their order. */
export class Repeats {
  #before: Members = {};

  /**
   * What of `whole` is not the same in the observation before. Null, and that one stays the one before, where it has a member that `whole`
   * lacks: this could not be told from a repeated one.
   */
  shorten(whole: Members): Members | null {
    if (!Object.keys(this.#before).every((name) => Object.hasOwn(whole, name))) return null;
    const shortened = Object.fromEntries(Object.entries(whole).filter(([name, value]) => !this.#repeats(name, value)));
    this.#before = whole;
    return shortened;
  }

  /** What `shorten` made this of; null for what it would not have made. */
  restore(shortened: Members): Members | null {
    if (Object.entries(shortened).some(([name, value]) => this.#repeats(name, value))) return null;
    this.#before = { ...this.#before, ...shortened };
    return this.#before;
  }

  #repeats(name: string, value: unknown): boolean {
    return Object.hasOwn(this.#before, name) && canonicalTextOfParsed(this.#before[name]) === canonicalTextOfParsed(value);
  }
}
