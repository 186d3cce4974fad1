import type { PublicFolder } from '@verbatim/service-kit/tree';
import { bytesEqual, formatNote, greaseLines, type NoteSignature, parseNote, utf8Decode } from '@verbatim/tlog';
import type { CheckpointStore } from '../store/checkpoints.ts';
import type { Cosignature, SignedCheckpoint } from './collector.ts';
import type { Published } from './published.ts';

export interface PublisherOptions {
  readonly folder: Pick<PublicFolder, 'writeCheckpoint'>;
  readonly checkpoints: Pick<CheckpointStore, 'recordPublished'>;
  readonly published: Published;
  /** After those who wait were told. */
  readonly onPublished: (size: bigint) => void;
  /** What to remember about witnesses, written with the row. */
  readonly witnesses: () => readonly { readonly vkey: string; readonly size: bigint }[];
  /** Lines of nobody that each checkpoint gets. */
  readonly grease: number;
  readonly now: () => number;
  /** An unknown outcome: the process must stop. */
  readonly onFatal: (error: unknown) => void;
}

interface Wanted {
  readonly checkpoint: SignedCheckpoint;
  readonly cosignatures: readonly Cosignature[];
}

/**
 * Makes a checkpoint with its quorum public: the file first, which is what readers and a restart believe, then the row, then those who wait.
 * One write at a time; a newer checkpoint that arrives meanwhile replaces the one that waits.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  #wanted: Wanted | null = null;
  #writing: Promise<void> | null = null;
  #failed = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** A quorum, or what was gathered beside it. */
  publish(checkpoint: SignedCheckpoint, cosignatures: readonly Cosignature[]): void {
    if (this.#failed || checkpoint.size < (this.#wanted?.checkpoint.size ?? this.#options.published.size)) return;
    const waiting = this.#wanted?.checkpoint.size === checkpoint.size ? this.#wanted.cosignatures : [];
    this.#wanted = { checkpoint, cosignatures: [...cosignatures, ...waiting] };
    this.#writing ??= this.#write();
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    try {
      for (let next = this.#take(); next !== null; next = this.#take()) await this.#publish(next);
    } catch (error) {
      this.#failed = true;
      this.#options.onFatal(error);
    } finally {
      this.#writing = null;
    }
  }

  #take(): Wanted | null {
    const wanted = this.#wanted;
    this.#wanted = null;
    return wanted;
  }

  async #publish({ checkpoint, cosignatures }: Wanted): Promise<void> {
    const { folder, checkpoints, published, onPublished, witnesses, grease, now } = this.#options;
    const own = parseNote(checkpoint.note).signatures;
    const earlier = published.current?.size === checkpoint.size ? published.current.note.signatures : [];
    const lines = mergeLines([own, cosignatures.flatMap(({ lines: gathered }) => gathered), earlier, greaseLines(checkpoint.text, grease)]);
    const note = { text: checkpoint.text, signatures: lines };
    const bytes = formatNote(note);
    // Just started, or renewed by nobody: it is public as it is.
    if (published.current !== null && bytesEqual(bytes, published.current.bytes)) return;
    await folder.writeCheckpoint(bytes);
    checkpoints.recordPublished({ size: checkpoint.size, note: bytes }, witnesses());
    published.set({ size: checkpoint.size, bytes, text: utf8Decode(bytes), note, at: now() });
    onPublished(checkpoint.size);
  }
}

/** One line a key, the first list's first: renewed cosignatures replace older ones, and one that was not renewed stays. */
function mergeLines(lists: readonly (readonly NoteSignature[])[]): NoteSignature[] {
  const lines = new Map<string, NoteSignature>();
  for (const line of lists.flat()) {
    const key = `${line.name} ${line.keyId}`;
    if (!lines.has(key)) lines.set(key, line);
  }
  return [...lines.values()];
}
