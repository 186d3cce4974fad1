import { type NodeCache, subtreeProof } from '@verbatim/service-kit/tree';
import { concatBytes, formatAddEntriesHeader, formatEntryPackage, packageRanges, type AddEntriesHeader } from '@verbatim/tlog';

/** Packages in one request (C2SP tlog-mirror: at most 32), and bytes after which no further one is added. */
const MAX_PACKAGES = 32;
const MAX_BYTES = 8 * 1024 * 1024;

export interface UploadSource {
  readonly nodes: NodeCache;
  /** Entries [start, end). */
  readonly entries: (start: bigint, end: bigint) => readonly { readonly entry: Uint8Array }[];
}

/** The body of an add-entries request: a beginning of the packages from `start` to `end`, as many as one request may hold. */
export function uploadBody(header: AddEntriesHeader, { nodes, entries }: UploadSource): Uint8Array {
  const parts = [formatAddEntriesHeader(header)];
  let bytes = 0;
  for (const { subtreeStart, start, end } of packageRanges(header.start, header.end)) {
    if (parts.length > MAX_PACKAGES || bytes >= MAX_BYTES) break;
    const proof = subtreeProof(nodes, subtreeStart, end, header.end);
    const part = formatEntryPackage({ entries: entries(start, end).map(({ entry }) => entry), proof });
    parts.push(part);
    bytes += part.length;
  }
  return concatBytes(...parts);
}
