/** The formats of C2SP: what logs, witnesses and clients send each other. */
import {
  bytesEqual,
  decodeBundle,
  encodeBundle,
  formatAddCheckpoint,
  formatCheckpoint,
  formatNote,
  formatTlogPolicy,
  formatTlogProof,
  formatVkey,
  hashLeaf,
  openCheckpoint,
  parseAddCheckpoint,
  parseCheckpoint,
  parseNote,
  parseTilePath,
  parseTlogPolicy,
  parseTlogProof,
  parseVkey,
  tilePath,
  entriesPath,
  TlogError,
  utf8Decode,
  utf8Encode,
  verifyConsistency,
  verifyInclusion,
} from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { InMemoryLog, testSigner, testVkey } from '@verbatim/testkit';
import { codec, must, refusesWith, type Target } from '../target.ts';

const WITNESSES = ['witness.example/w1', 'witness.example/w2'];
const log = new InMemoryLog({ witnesses: WITNESSES.map((name) => testSigner(name)) });
for (let index = 0; index < 70; index++) log.add(utf8Encode(`entry ${index}`));

const text = (seed: string): Uint8Array => utf8Encode(seed);
const notes = [log.checkpoint(), log.checkpoint({ size: 3n, witnesses: [] }), log.checkpoint({ size: 0n })];
const bodies = notes.map((note) => utf8Encode(parseNote(note).text));
const vkeys = [log.vkey, ...WITNESSES.map((name) => testVkey(name, 0x04))];

const witnessLines = WITNESSES.map((name, i) => `witness w${i} ${testVkey(name, 0x04)} https://w${i}.example/`).join('\n');
const policies = [
  `log ${log.vkey} https://log.example/\n${witnessLines}\ngroup two 2 w0 w1\nquorum two\n`,
  `# nobody\nlog ${log.vkey}\nquorum none\n`,
  `${witnessLines}\ngroup any any w0 w1\ngroup all all any\nquorum all\n`,
];

/** `index` and `size` and hashes as lines: what a proof is verified with. */
function readProof(input: Uint8Array): { index: bigint; size: bigint; proof: Uint8Array[] } {
  const { index, proof, extra } = parseTlogProof(input);
  return {
    index,
    size: BigInt(
      `0x${Buffer.from(extra ?? [0])
        .subarray(0, 8)
        .toString('hex')}`,
    ),
    proof,
  };
}
const proofFor = (index: bigint, size: bigint, proof: Uint8Array[]): Uint8Array => {
  const extra = Buffer.alloc(8);
  extra.writeBigUInt64BE(size);
  return formatTlogProof({ index, proof, checkpoint: log.checkpoint({ size }), extra });
};

/** Of the widths that a reader asks for. */
const BUNDLE_WIDTH = 3;

export const TLOG: readonly Target[] = [
  { name: 'tlog-note', shape: 'text', seeds: notes, accepts: codec(parseNote, formatNote, TlogError) },
  {
    name: 'tlog-checkpoint',
    shape: 'text',
    seeds: bodies,
    accepts: codec(
      (bytes) => parseCheckpoint(utf8Decode(bytes)),
      (checkpoint) => utf8Encode(formatCheckpoint(checkpoint)),
      TlogError,
    ),
  },
  {
    name: 'tlog-open-checkpoint',
    shape: 'text',
    seeds: notes,
    runs: 600,
    // Nothing but what the log signed is opened: a root that it never had would be a forgery.
    accepts: (input) =>
      refusesWith(() => {
        const { checkpoint } = openCheckpoint(input, parseVkey(log.vkey), verifyEd25519);
        must(bytesEqual(checkpoint.root, log.root(checkpoint.size)), 'a checkpoint was opened that the log never signed');
      }, TlogError),
  },
  {
    name: 'tlog-vkey',
    shape: 'text',
    seeds: vkeys.map(text),
    runs: 800,
    accepts: codec(
      (bytes) => parseVkey(utf8Decode(bytes)),
      ({ name, type, publicKey }) => utf8Encode(formatVkey(name, type, publicKey)),
      TlogError,
    ),
  },
  {
    name: 'tlog-tile-path',
    shape: 'text',
    seeds: ['tile/0/000', 'tile/1/x001/234.p/17', 'tile/entries/x001/x234/067', 'tile/entries/999.p/255'].map(text),
    accepts(input) {
      const path = Buffer.from(input).toString('latin1');
      const parsed = parseTilePath(path);
      if (parsed === null) return false;
      const again =
        parsed.kind === 'entries' ? entriesPath(parsed.index, parsed.width) : tilePath(parsed.level, parsed.index, parsed.width);
      must(again === path, `parsed, then written as ${again}`);
      return true;
    },
  },
  {
    name: 'tlog-entry-bundle',
    shape: 'bytes',
    seeds: [encodeBundle([text('one'), text(''), text('three')]), encodeBundle([new Uint8Array(700), text('x'), new Uint8Array(256)])],
    accepts: codec((bytes) => decodeBundle(bytes, BUNDLE_WIDTH), encodeBundle, TlogError),
  },
  {
    name: 'tlog-add-checkpoint',
    shape: 'text',
    seeds: [
      formatAddCheckpoint({ oldSize: 3n, proof: log.consistencyProof(3n), checkpoint: notes[0]! }),
      formatAddCheckpoint({ oldSize: 0n, proof: [], checkpoint: notes[1]! }),
    ],
    accepts: codec(parseAddCheckpoint, formatAddCheckpoint, TlogError),
  },
  {
    name: 'tlog-proof',
    shape: 'text',
    seeds: [
      formatTlogProof({ index: 5n, proof: log.inclusionProof(5n), checkpoint: notes[0]! }),
      formatTlogProof({ index: 0n, proof: [], checkpoint: notes[1]!, extra: text('anything') }),
    ],
    accepts: codec(parseTlogProof, formatTlogProof, TlogError),
  },
  {
    name: 'tlog-inclusion',
    shape: 'text',
    seeds: [proofFor(5n, 70n, log.inclusionProof(5n)), proofFor(0n, 1n, []), proofFor(63n, 64n, log.inclusionProof(63n, 64n))],
    // A verified proof says where the entry stands: no other index or size of this log may come out true.
    accepts: (input) =>
      refusesWith(() => {
        const { index, size, proof } = readProof(input);
        for (const leaf of [5n, 0n, 63n]) {
          for (const tree of [70n, 1n, 64n]) {
            const holds = verifyInclusion(index, size, hashLeaf(log.entry(leaf)), proof, log.root(tree));
            must(!holds || (index === leaf && size === tree), `entry ${leaf} was proved at ${index} of ${size}`);
          }
        }
      }, TlogError),
  },
  {
    name: 'tlog-consistency',
    shape: 'text',
    seeds: [proofFor(3n, 70n, log.consistencyProof(3n)), proofFor(64n, 70n, log.consistencyProof(64n)), proofFor(70n, 70n, [])],
    accepts: (input) =>
      refusesWith(() => {
        const { index: size1, size: size2, proof } = readProof(input);
        for (const [from, to] of [
          [3n, 70n],
          [64n, 70n],
          [70n, 70n],
        ] as const) {
          const holds = verifyConsistency(size1, size2, proof, log.root(from), log.root(to));
          // Equal roots are one tree, whatever size is claimed for it: the checkpoint's signature says the size.
          must(
            !holds || (size1 === from && size2 === to) || (from === to && size1 === size2),
            `${from} to ${to} was proved as ${size1} to ${size2}`,
          );
        }
      }, TlogError),
  },
  {
    name: 'tlog-policy',
    shape: 'text',
    seeds: policies.map(text),
    accepts: (input) =>
      refusesWith(() => {
        // Comments and spaces are not kept: printing must be stable from then on.
        const printed = formatTlogPolicy(parseTlogPolicy(utf8Decode(input)));
        must(formatTlogPolicy(parseTlogPolicy(printed)) === printed, 'a printed policy reads as another one');
      }, TlogError),
  },
];
