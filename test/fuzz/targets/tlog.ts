/** The formats of C2SP: what logs, witnesses and clients send each other. */
import {
  AddEntriesReader,
  type AddEntriesHeader,
  bytesEqual,
  decodeBundle,
  encodeBundle,
  formatAddCheckpoint,
  formatAddEntriesHeader,
  formatCheckpoint,
  formatEntryPackage,
  formatMirrorInfo,
  formatNote,
  formatTlogPolicy,
  formatTlogProof,
  formatVkey,
  hashLeaf,
  openCheckpoint,
  openNote,
  packageRanges,
  parseAddCheckpoint,
  parseCheckpoint,
  parseMirrorInfo,
  parseNote,
  parseTilePath,
  parseTlogPolicy,
  parseTlogProof,
  parseVkey,
  tilePath,
  entriesPath,
  TlogError,
  toHex,
  utf8Decode,
  utf8Encode,
  verifyConsistency,
  verifyInclusion,
} from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { forkedLog, InMemoryLog, testSigner, testVkey } from '@verbatim/testkit';
import { decodeBase64, decodeByAtob, encodeBase64 } from '../../../packages/tlog/src/base64.ts';
import { codec, must, refusesLaterWith, refusesWith, type Target } from '../target.ts';

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

/** The same 40 entries, and then another history. */
const fork = forkedLog(log, 40n);
for (let index = 40; index < 70; index++) fork.add(utf8Encode(`other entry ${index}`));
const SIZE = 70n;
const proofOf = (index: bigint, proof: Uint8Array[]): Uint8Array => formatTlogProof({ index, proof, checkpoint: notes[0]! });

/** Entries of one package, with a proof. */
function uploadOf(header: AddEntriesHeader): Uint8Array {
  const entries = Array.from({ length: Number(header.end - header.start) }, (_, i) => log.entry(header.start + BigInt(i)));
  return Buffer.concat([
    formatAddEntriesHeader(header),
    formatEntryPackage({ entries, proof: log.inclusionProof(header.start).slice(0, 2) }),
  ]);
}

/** As it may arrive: in pieces of seven bytes. */
async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
}

function* firstOf<T>(values: Iterable<T>, count: number): Generator<T> {
  let taken = 0;
  for (const value of values) {
    if (taken++ === count) return;
    yield value;
  }
}

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
    name: 'tlog-open-note',
    shape: 'text',
    seeds: notes,
    runs: 600,
    accepts: (input) =>
      refusesWith(() => {
        const keys = vkeys.map((vkey) => parseVkey(vkey));
        const { text: opened, verified, unknown } = openNote(input, keys, verifyEd25519);
        must(verified.length > 0 && bodies.some((body) => utf8Decode(body) === opened), 'a note was opened that nobody signed');
        must(verified.length + unknown.length === parseNote(input).signatures.length, 'lines were lost');
      }, TlogError),
  },
  {
    name: 'tlog-base64',
    shape: 'text',
    seeds: ['', 'AA==', 'aGVsbG8=', 'aGVsbG8h'].map(text),
    accepts(input) {
      // An engine with methods of its own and one without must take the same spellings for canonical.
      const spelling = Buffer.from(input).toString('latin1');
      const [native, byAtob] = [decodeBase64, decodeByAtob].map((decode) => {
        try {
          const bytes = decode(spelling);
          return encodeBase64(bytes) === spelling ? toHex(bytes) : null;
        } catch {
          return null;
        }
      });
      must(native === byAtob, `${native} and ${byAtob}`);
      return native !== null;
    },
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
    name: 'tlog-mirror-info',
    shape: 'text',
    seeds: [
      formatMirrorInfo({ pending: 70n, next: 3n, ticket: text('ticket') }),
      formatMirrorInfo({ pending: 0n, next: 0n, ticket: text('') }),
    ].map(text),
    accepts: codec(
      (bytes) => parseMirrorInfo(utf8Decode(bytes)),
      (info) => utf8Encode(formatMirrorInfo(info)),
      TlogError,
    ),
  },
  {
    name: 'tlog-add-entries',
    shape: 'bytes',
    seeds: [
      uploadOf({ origin: log.origin, start: 3n, end: 7n, ticket: text('ticket') }),
      uploadOf({ origin: log.origin, start: 0n, end: 1n, ticket: text('') }),
    ],
    accepts: (input) =>
      refusesLaterWith(async () => {
        const reader = new AddEntriesReader(chunksOf(input));
        const header = await reader.header();
        // As many packages as a request may have.
        for (const range of [...firstOf(packageRanges(header.start, header.end), 32)]) {
          const found = await reader.package(range);
          if (found === null) throw new TlogError('malformed-request', 'cut off');
          must(BigInt(found.entries.length) === range.end - range.start, 'a package of another length');
        }
      }, TlogError),
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
    seeds: [5n, 0n, 63n, 69n].map((index) => proofOf(index, log.inclusionProof(index))),
    accepts(input) {
      let verified = false;
      const readable = refusesWith(() => {
        const { index, proof } = parseTlogProof(input);
        for (const leaf of [5n, 0n, 63n, 69n]) {
          const hash = hashLeaf(log.entry(leaf));
          const holds = verifyInclusion(index, SIZE, hash, proof, log.root(SIZE));
          must(!holds || index === leaf, `entry ${leaf} was proved to be entry ${index}`);
          must(leaf < 40n || !verifyInclusion(index, SIZE, hash, proof, fork.root()), `entry ${leaf} was proved to be in another history`);
          verified ||= holds;
        }
      }, TlogError);
      return readable && verified;
    },
  },
  {
    name: 'tlog-consistency',
    shape: 'text',
    seeds: [3n, 40n, 64n, 69n].map((size) => proofOf(size, log.consistencyProof(size))),
    accepts(input) {
      let verified = false;
      const readable = refusesWith(() => {
        const { index: size, proof } = parseTlogProof(input);
        if (size > SIZE) return;
        verified = verifyConsistency(size, SIZE, proof, log.root(size), log.root(SIZE));
        const forked = verifyConsistency(size, SIZE, proof, log.root(size), fork.root());
        must(!forked || size <= 40n, `${size} entries were proved to be the beginning of another history`);
      }, TlogError);
      return readable && verified;
    },
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
