import { LogReader, type LogReaderOptions, type LogView } from '../log-reader.ts';
import type { Remembered } from '../note-store.ts';

/** A log at one checkpoint, whose log signature the caller has verified, whatever the log has published since. */
export class ReaderAt extends LogReader {
  readonly #at: Remembered;

  constructor(options: LogReaderOptions, at: Remembered) {
    super(options);
    this.#at = at;
  }

  override async latest(signal?: AbortSignal): Promise<LogView> {
    const { note, checkpoint } = this.#at;
    return { note, checkpoint, tree: this.treeAt(checkpoint, signal) };
  }
}
