import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TileCache } from '@verbatim/client';
import { durable } from '@verbatim/service-kit/durable';
import { type Checkpoint, openCheckpoint, parseNote, TlogError, type VerifierKey } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { CliError } from '../errors.ts';

/** What a folder of C2SP tlog-tiles holds at its top. */
const OURS = new Set(['checkpoint', 'tile']);

/**
 * The folder that a log is copied to, as the copying reader's cache: full tiles and bundles that are there and verify are not fetched again, so
 * a copy that was broken off goes on where it was. Its checkpoint is written last; without one it is no copy of anything.
 */
export class ExportFolder implements TileCache {
  readonly path: string;
  /** What an earlier export ended with, signed by the log; null without one. */
  readonly earlier: { readonly note: Uint8Array; readonly checkpoint: Checkpoint } | null;
  /** Files written by this run. */
  written = 0;
  /** Files that were there and were not what the log signed; they are replaced. */
  readonly damaged: string[] = [];

  private constructor(path: string, earlier: ExportFolder['earlier']) {
    this.path = path;
    this.earlier = earlier;
  }

  /**
   * Makes the folder unless it is there. Throws CliError `file` when it holds anything else than a copy of this log, whole or begun.
   * @param followed the key that the log has changed this one to; asked about a copy that this one has not signed
   */
  static async open(path: string, key: VerifierKey, followed: () => Promise<VerifierKey | null>): Promise<ExportFolder> {
    await durable.makeFolder(path);
    const foreign = (await readdir(path)).find((name) => !OURS.has(name) && !name.endsWith('.tmp'));
    if (foreign !== undefined)
      throw new CliError(
        'file',
        `${path}: expected an empty folder, or one with a copy of this log; found ${JSON.stringify(foreign)} in it`,
      );
    const note = await read(join(path, 'checkpoint'));
    if (note === null) return new ExportFolder(path, null);
    try {
      const lines = parseNote(note).signatures.filter(({ name }) => name === key.name);
      const changed = lines.length > 0 && lines.every(({ keyId }) => keyId !== key.keyId);
      const signer = changed ? ((await followed()) ?? key) : key;
      return new ExportFolder(path, { note, checkpoint: openCheckpoint(note, signer, verifyEd25519).checkpoint });
    } catch (cause) {
      if (!(cause instanceof TlogError)) throw cause;
      throw new CliError(
        'file',
        `${path}: expected a copy of ${key.name}; its checkpoint is not signed by that log: choose another folder`,
        {
          cause,
        },
      );
    }
  }

  get(path: string): Promise<Uint8Array | null> {
    return read(join(this.path, path));
  }

  async put(path: string, bytes: Uint8Array): Promise<void> {
    await durable.writeImmutableAll([{ path: join(this.path, path), bytes }]);
    this.written += 1;
  }

  async drop(path: string): Promise<void> {
    this.damaged.push(path);
    await rm(join(this.path, path));
  }

  /** Puts a file at the right edge in place, unless it is there. A damaged one is replaced. */
  async putEdge(path: string, bytes: Uint8Array): Promise<void> {
    const found = await this.get(path);
    if (found !== null && Buffer.compare(found, bytes) === 0) return;
    if (found !== null) await this.drop(path);
    await this.put(path, bytes);
  }

  /** The last step: from here on the folder is a copy of the log at this checkpoint. */
  async finish(note: Uint8Array): Promise<void> {
    await durable.writeFile(join(this.path, 'checkpoint'), note);
  }
}

async function read(file: string): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await readFile(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
