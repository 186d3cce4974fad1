/** For whoever is handed checkpoints of logs: the configured keys may sign, and those that a log's root key has put in their place. */
import {
  formatNote,
  parseNote,
  utf8Encode,
  type Ed25519Verify,
  type NoteSignature,
  type TrustedLogs,
  type VerifierKey,
} from '@verbatim/tlog';
import { ControlTrail } from '../control-trail.ts';

/** Of a checkpoint whose signer is not the log's key any more. */
export const REPLACED_KEY = {
  code: 'not-signed',
  detail: 'expected a signature by the key that the log has at this size, found one of a key that it replaced',
} as const;

export interface LogKeysOptions {
  readonly logs: TrustedLogs;
  /** By origin. A log without one has its configured keys for ever. */
  readonly roots: ReadonlyMap<string, VerifierKey>;
  readonly verify: Ed25519Verify;
}

export class LogKeys {
  readonly #logs: Map<string, readonly VerifierKey[]>;
  readonly #verify: Ed25519Verify;
  readonly #trails = new Map<string, ControlTrail>();
  readonly #trusted: Map<string, readonly VerifierKey[]>;
  /** Keys that entries lead to which are not stored yet. */
  readonly #ahead = new Map<string, VerifierKey>();

  constructor({ logs, roots, verify }: LogKeysOptions) {
    this.#logs = new Map(logs);
    this.#verify = verify;
    this.#trusted = new Map(logs);
    for (const [origin, root] of roots) {
      this.#trails.set(origin, new ControlTrail({ logKey: logs.get(origin)![0]!, root }, [], 0n, verify));
    }
  }

  /** A log more, by its first key; one that is known stays as it is. Whether it was none of those. */
  add(logKey: VerifierKey, root: VerifierKey): boolean {
    const { name } = logKey;
    if (this.#logs.has(name)) return false;
    this.#logs.set(name, [logKey]);
    this.know(name, new ControlTrail({ logKey, root }, [], 0n, this.#verify));
    return true;
  }

  /** Every key that may sign; which of them must, depends on the size. */
  get trusted(): TrustedLogs {
    return this.#trusted;
  }

  /** What is known of a log's control entries; null when its root key is not. */
  trail(origin: string): ControlTrail | null {
    return this.#trails.get(origin) ?? null;
  }

  know(origin: string, trail: ControlTrail): void {
    this.#trails.set(origin, trail);
    this.#trust(origin);
  }

  /** Somebody who reads on was led to this key; the entries that say so are still to be stored. */
  expect(origin: string, key: VerifierKey): void {
    this.#ahead.set(origin, key);
    this.#trust(origin);
  }

  /** The lines of trusted keys that verify. */
  verified(origin: string, text: string, lines: readonly NoteSignature[]): NoteSignature[] {
    const message = utf8Encode(text);
    return lines.filter(({ name, keyId, signature }) => {
      const key = this.#trusted.get(origin)?.find((each) => each.name === name && each.keyId === keyId);
      return key !== undefined && this.#verify(key.publicKey, message, signature);
    });
  }

  /**
   * Whether verified lines of trusted keys are enough for a checkpoint of this size: after a rotation the old key may be in other hands
   * (docs/reference/control-entries.md).
   */
  isSigned(origin: string, size: bigint, lines: readonly NoteSignature[]): boolean {
    const trail = this.trail(origin);
    if (trail === null) return true;
    const keys = [trail.logKeyAt(size), ...(trail.next < size ? this.#later(origin, trail) : [])];
    return keys.some((key) => lines.some(({ name, keyId }) => name === key.name && keyId === key.keyId));
  }

  /** Keys that entries which are not stored yet may have made the log's: never one that was replaced before. */
  #later(origin: string, { logKeys }: ControlTrail): VerifierKey[] {
    return this.#untold(origin).filter(({ text }) => logKeys.every((known) => known.text !== text));
  }

  /** Keys that no stored entry need name. */
  #untold(origin: string): VerifierKey[] {
    const ahead = this.#ahead.get(origin);
    return [...this.#logs.get(origin)!, ...(ahead === undefined ? [] : [ahead])];
  }

  #trust(origin: string): void {
    const keys = [...this.#untold(origin), ...(this.trail(origin)?.logKeys ?? [])];
    this.#trusted.set(origin, [...new Map(keys.map((key) => [key.text, key])).values()]);
  }
}

/**
 * A checkpoint with every line that has the log's name, and no other: one of them may be by a key that only the entries on their way make known.
 * Throws `TlogError` for what is no note.
 */
export function logPart(note: Uint8Array, origin: string): Uint8Array {
  const { text, signatures } = parseNote(note);
  return formatNote({ text, signatures: signatures.filter(({ name }) => name === origin) });
}
