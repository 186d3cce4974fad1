import { BinaryError } from '@verbatim/binaries';
import { debMembers } from '@verbatim/binaries/archives';
import { BuilderError, memberRoot } from '@verbatim/builder';
import { encodeCanonicalJson, MAX_BLOB_BYTES, type Recipe } from '@verbatim/statements';
import { toHex } from '@verbatim/tlog';
import { readFile, stat } from 'node:fs/promises';

/** What an output holds, for whoever has one extracted file of it (DESIGN §3.12a). */
export interface Members {
  /** Hex root of the RFC 6962 tree over the entries. */
  readonly root: string;
  readonly size: number;
  /** The entries in canonical JSON, sorted as in the tree; null when that is more than a blob may have. */
  readonly list: Uint8Array | null;
}

/** It is unpacked in memory, in the process that signs. */
const MAX_BYTES = 256 * 1024 ** 2;

/** Null for outputs of other kinds, for larger ones, and where the entries have no canonical root: such a package is verified as a whole only. */
export async function membersOf({ kind }: Recipe, path: string): Promise<Members | null> {
  if (kind !== 'debian' || (await stat(path)).size > MAX_BYTES) return null;
  try {
    const entries = await debMembers(await readFile(path));
    const sorted = entries.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
    const list = encodeCanonicalJson(sorted);
    return { root: toHex(memberRoot(entries)), size: entries.length, list: list.length > MAX_BLOB_BYTES ? null : list };
  } catch (error) {
    if (error instanceof BinaryError || error instanceof BuilderError) return null;
    throw error;
  }
}
