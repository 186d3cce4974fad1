import { inclusionProof, type NodeCache } from '@verbatim/service-kit/tree';
import { formatTlogProof, type Hash, utf8Decode } from '@verbatim/tlog';
import type { Publication } from '../publication/published.ts';

const NO_CHECKPOINT = new Uint8Array();

/** A C2SP tlog-proof for an entry below the published size: its header, then the checkpoint verbatim. */
export function proofText(nodes: NodeCache, index: bigint, publication: Publication): string {
  const header = formatTlogProof({ index, proof: inclusionProof(nodes, index, publication.size), checkpoint: NO_CHECKPOINT });
  return utf8Decode(header) + publication.text;
}

/** The hashes alone, in base64, for answers that carry the checkpoint once for many entries. */
export function proofHashes(nodes: NodeCache, index: bigint, publication: Publication): string[] {
  return inclusionProof(nodes, index, publication.size).map((hash: Hash) => Buffer.from(hash).toString('base64'));
}
