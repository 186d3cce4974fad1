import { formatTlogProof, type Hash } from '@verbatim/tlog';
import type { Publication } from '../publication/published.ts';
import type { NodeCache } from '../tree/node-cache.ts';
import { inclusionProof } from '../tree/proofs.ts';

const decoder = new TextDecoder();

/** A C2SP tlog-proof for an entry below the published size. */
export function proofText(nodes: NodeCache, index: bigint, publication: Publication): string {
  return decoder.decode(formatTlogProof({ index, proof: inclusionProof(nodes, index, publication.size), checkpoint: publication.bytes }));
}

/** The hashes alone, in base64, for answers that carry the checkpoint once for many entries. */
export function proofHashes(nodes: NodeCache, index: bigint, publication: Publication): string[] {
  return inclusionProof(nodes, index, publication.size).map((hash: Hash) => Buffer.from(hash).toString('base64'));
}

export function noteText(publication: Publication): string {
  return decoder.decode(publication.bytes);
}
