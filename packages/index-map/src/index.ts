/** The Merkle Patricia map behind the verifiable index, pure: docs/spec/index-map.md. */
export { IndexMapError, type IndexMapErrorCode } from './errors.ts';
export { MAX_BIT, MAX_KEY_BYTES, MAX_VALUE_BYTES } from './key-bits.ts';
export { hashInner, hashPair, rootOfPairs, type Pair } from './hashing.ts';
export {
  EMPTY_MAP,
  decodeMapNode,
  encodeMapNode,
  rootOf,
  type InnerNode,
  type LeafNode,
  type MapNode,
  type MapState,
  type NodeReader,
  type NodeRef,
  type SyncNodeReader,
} from './node.ts';
export { addPairs, addPairsSync, type MapChange } from './grow.ts';
export { MemoryNodeStore } from './memory-store.ts';
export { proveKey, provePrefix, provePrefixSync, type KeyProof, type PrefixProof } from './prove.ts';
export { MAX_PREFIX_PAIRS, verifyAbsence, verifyPrefix, verifyPresence } from './verify.ts';
export { MAX_LOOKUP_BYTES, lookupKey, mapKey, parseIndexPair, verifyLookup, type IndexedEntry, type LookupType } from './lookup.ts';
