/**
 * Remembered checkpoints of one log: a set of notes, on disk or in memory. Every note is a file of its own, named after size and root, so
 * that processes never overwrite each other's knowledge: the set only shrinks by notes that a larger one in it was proved to continue.
 */
import {
  type Checkpoint,
  type Ed25519Verify,
  formatKeyId,
  openCheckpoint,
  parseNote,
  parseVkey,
  sha256,
  toHex,
  utf8Decode,
  utf8Encode,
  type VerifierKey,
} from '@verbatim/tlog';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { listFolder, readIfThere, writeWhole } from './state-files.ts';

export interface Remembered {
  readonly note: Uint8Array;
  readonly checkpoint: Checkpoint;
}

export function noteName({ size, root }: Checkpoint): string {
  return `${size}-${toHex(root)}`;
}

/** One folder for each log key that a policy pins. */
export function logFolderName({ name, keyId }: VerifierKey): string {
  return `${toHex(sha256(utf8Encode(name))).slice(0, 32)}-${formatKeyId(keyId)}`;
}

/** In the folder, beside the notes: a vkey a line. */
const FOLLOWED_KEYS = 'followed-keys';

export class NoteStore {
  readonly #folder: string | null;
  readonly #logKey: VerifierKey;
  readonly #verify: Ed25519Verify;
  readonly #warn: (message: string) => void;
  /** Keys that the log was followed to, as text. */
  readonly #followed = new Set<string>();
  /** What could not be written; and everything, without a folder. */
  readonly #inMemory = new Map<string, Remembered>();
  #warned = false;

  /** @param folder null to keep nothing beyond this process */
  constructor(folder: string | null, logKey: VerifierKey, verify: Ed25519Verify, warn: (message: string) => void) {
    this.#folder = folder;
    this.#logKey = logKey;
    this.#verify = verify;
    this.#warn = warn;
  }

  /** Smallest first. A file that is no checkpoint of this log says nothing, and is left out with a warning. */
  async list(): Promise<Remembered[]> {
    const found = new Map(this.#inMemory);
    for (const name of await this.#names()) {
      if (!/^[0-9]{1,19}-[0-9a-f]{64}$/.test(name) || found.has(name)) continue;
      const remembered = await this.#read(name);
      if (remembered !== null) found.set(name, remembered);
    }
    return [...found.values()].sort((a, b) => (a.checkpoint.size < b.checkpoint.size ? -1 : 1));
  }

  /** Keeps a note; in memory when it cannot be written. */
  async add(remembered: Remembered): Promise<void> {
    const name = noteName(remembered.checkpoint);
    this.#inMemory.set(name, remembered);
    if (this.#folder === null) return;
    try {
      await writeWhole(this.#folder, name, remembered.note);
      this.#inMemory.delete(name);
    } catch (error) {
      this.#complain(`cannot remember checkpoints in ${this.#folder}`, error);
    }
  }

  /** Notes that this key has signed are the log's as well. */
  async follow(key: VerifierKey): Promise<void> {
    const known = await this.#keys();
    if (known.some(({ text }) => text === key.text)) return;
    this.#followed.add(key.text);
    if (this.#folder === null) return;
    try {
      const texts = [...known.slice(1), key].map(({ text }) => text);
      await writeWhole(this.#folder, FOLLOWED_KEYS, utf8Encode(`${texts.join('\n')}\n`));
    } catch (error) {
      this.#complain(`cannot remember the keys of ${this.#logKey.name} in ${this.#folder}`, error);
    }
  }

  /** The pinned key, and those that it was followed to: what this machine wrote itself. */
  async #keys(): Promise<VerifierKey[]> {
    const bytes = this.#folder === null ? null : await readIfThere(this.#folder, FOLLOWED_KEYS);
    const written = bytes === null ? [] : utf8Decode(bytes).split('\n').slice(0, -1);
    return [this.#logKey, ...[...new Set([...written, ...this.#followed])].map((text) => parseVkey(text))];
  }

  async remove({ checkpoint }: Remembered): Promise<void> {
    const name = noteName(checkpoint);
    this.#inMemory.delete(name);
    if (this.#folder === null) return;
    try {
      await rm(join(this.#folder, name), { force: true });
    } catch (error) {
      this.#complain(`cannot tidy ${this.#folder}`, error);
    }
  }

  async #names(): Promise<string[]> {
    if (this.#folder === null) return [];
    try {
      return await listFolder(this.#folder);
    } catch (error) {
      this.#complain(`cannot read the remembered checkpoints in ${this.#folder}`, error);
      return [];
    }
  }

  async #read(name: string): Promise<Remembered | null> {
    try {
      const note = await readIfThere(this.#folder!, name);
      if (note === null) return null;
      const { checkpoint } = openByAny(note, await this.#keys(), this.#verify);
      if (noteName(checkpoint) === name) return { note, checkpoint };
      throw new Error('its name does not fit its content');
    } catch (error) {
      this.#complain(`the remembered checkpoint ${join(this.#folder!, name)} is of no use`, error);
      return null;
    }
  }

  #complain(message: string, error: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#warn(`${message}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Of several keys, the first that a line of the note is by. */
function openByAny(note: Uint8Array, keys: readonly VerifierKey[], verify: Ed25519Verify): ReturnType<typeof openCheckpoint> {
  const { signatures } = parseNote(note);
  const signer = keys.find((key) => signatures.some(({ name, keyId }) => name === key.name && keyId === key.keyId));
  return openCheckpoint(note, signer ?? keys[0]!, verify);
}
