/** The Merkle tree of a log on disk and in memory: tiles, bundles, nodes, proofs. A log grows one, a mirror copies one. */
export { edgeFiles, filesOfGrowth, type TileFile } from './growth.ts';
export { NodeCache, type ReadFullTile } from './node-cache.ts';
export { PartialTileCollector } from './partial-tiles.ts';
export { consistencyProof, inclusionProof, subtreeProof } from './proofs.ts';
export { PublicFolder, type TileContent } from './public-folder.ts';
export { TileNodes } from './tile-nodes.ts';
export { TileServer } from './tile-server.ts';
export { bundleStart, type Leaf, splitHashes, Tree } from './tree.ts';
