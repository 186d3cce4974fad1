/** Proofs and nodes of the verifiable index. */
import {
  addPairs,
  decodeMapNode,
  EMPTY_MAP,
  encodeMapNode,
  IndexMapError,
  mapKey,
  MemoryNodeStore,
  parseIndexPair,
  proveKey,
  provePrefix,
  rootOf,
  verifyAbsence,
  verifyPrefix,
  verifyPresence,
  type Pair,
} from '@verbatim/index-map';
import { sha256, utf8Encode } from '@verbatim/tlog';
import { codec, must, type Target } from '../target.ts';

const store = new MemoryNodeStore();
/** Three pairs below each of 40 prefixes. */
const pairs: Pair[] = Array.from({ length: 120 }, (_, i) => ({
  key: Buffer.concat([sha256(utf8Encode(String(Math.floor(i / 3)))), Buffer.from([i])]),
  value: sha256(utf8Encode(`value ${i}`)),
}));
const change = await addPairs(store, EMPTY_MAP, pairs);
store.apply(change);
const root = rootOf(change.state);
const [first, second] = pairs as [Pair, Pair];
const prefix = first.key.subarray(0, 32);
const under = pairs.slice(0, 3);
const absent = sha256(utf8Encode('absent'));
const nothing = sha256(utf8Encode('nothing'));

const presence = (await proveKey(store, change.state, first.key)).proof;
const absence = (await proveKey(store, change.state, absent)).proof;
const whole = (await provePrefix(store, change.state, prefix)).proof;
const none = (await provePrefix(store, change.state, nothing)).proof;

export const INDEX_MAP: readonly Target[] = [
  {
    name: 'index-map-pair',
    shape: 'bytes',
    seeds: [0n, 7n, 2n ** 40n].map((index) => Buffer.concat([mapKey(prefix, index), first.value])),
    accepts: codec(
      (bytes) => parseIndexPair({ key: bytes.subarray(0, 40), value: bytes.subarray(40) }),
      ({ lookup, index, leafHash }) => Buffer.concat([mapKey(lookup, index), leafHash]),
      IndexMapError,
    ),
  },
  {
    name: 'index-map-node',
    shape: 'bytes',
    seeds: [...change.nodes.values()].slice(-4).map(encodeMapNode),
    accepts: codec(decodeMapNode, encodeMapNode, IndexMapError),
  },
  {
    name: 'index-map-proof',
    shape: 'bytes',
    seeds: [presence, absence, whole, none],
    runs: 4000,
    // A proof proves what is true, whatever its bytes: everything that is asked for below is false.
    accepts(proof) {
      must(!verifyPresence(root, { key: first.key, value: second.value }, proof), 'another value was proved');
      must(!verifyPresence(root, { key: absent, value: first.value }, proof), 'a pair was proved that is not there');
      must(!verifyAbsence(root, first.key, proof), 'a pair that is there was proved to be absent');
      must(!verifyPrefix(root, prefix, [], proof), 'everything below a prefix was hidden');
      for (const left of under)
        must(
          !verifyPrefix(
            root,
            prefix,
            under.filter((pair) => pair !== left),
            proof,
          ),
          'one of three pairs was hidden',
        );
      must(
        !verifyPrefix(root, prefix, [...under, { key: Buffer.concat([prefix, Buffer.from([9])]), value: first.value }], proof),
        'a pair was added',
      );
      const truths = [
        verifyPresence(root, first, proof),
        verifyAbsence(root, absent, proof),
        verifyPrefix(root, prefix, under, proof),
        verifyPrefix(root, nothing, [], proof),
      ];
      return truths.includes(true);
    },
  },
];
