/** Test helper: a log of small entries with real trees, proofs and uploads, and a server of its tiles. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NodeCache, Tree, consistencyProof } from '@verbatim/service-kit/tree';
import {
  CompactRange,
  EMPTY_ROOT,
  concatBytes,
  formatAddCheckpoint,
  formatAddEntriesHeader,
  formatCheckpoint,
  formatEntryPackage,
  hashLeaf,
  packageRanges,
  planSubtreeConsistency,
  signNote,
  utf8Encode,
  type Hash,
  type PackageRange,
  type Signer,
} from '@verbatim/tlog';
import { generateSeed, signerFromSeed, vkeyOf } from '@verbatim/tlog/node';
import { onTestFinished } from 'vitest';

export class TestLog {
  readonly origin: string;
  readonly signer: Signer;
  /** They sign every checkpoint. */
  signers: readonly Signer[];
  readonly vkey: string;
  readonly entries: Uint8Array[];
  readonly files = new Map<string, Uint8Array>();
  readonly #nodes = new NodeCache((level, index) => {
    throw new Error(`tile ${level}/${index} is not in memory`);
  });
  readonly #roots: Hash[] = [EMPTY_ROOT];

  /** `size` entries, or those given; two logs with one seed and different `history` are the two faces of one log: they differ from entry `forkAt` on. */
  constructor({
    origin = 'example.org/log',
    size = 1200,
    history = 'a',
    forkAt = 0,
    seed = generateSeed(),
    entries = Array.from({ length: size }, (_, i) => utf8Encode(`entry ${i} of ${i < forkAt ? 'both' : history}`)),
  } = {}) {
    this.origin = origin;
    this.signer = signerFromSeed(origin, seed);
    this.vkey = vkeyOf(this.signer);
    this.signers = [this.signer];
    this.entries = entries;
    const tree = new Tree(new CompactRange(), this.#nodes, []);
    for (const entry of this.entries) {
      for (const { file, content } of tree.append([{ entry, leafHash: hashLeaf(entry) }])) this.files.set(file.path, content);
      this.#roots.push(tree.root());
    }
  }

  root(size: number): Hash {
    return this.#roots[size]!;
  }

  checkpoint(size: number, root: Hash = this.root(size)): Uint8Array {
    return signNote(formatCheckpoint({ origin: this.origin, size: BigInt(size), root }), this.signers);
  }

  /** The body of a correct add-checkpoint request. */
  request(from: number, to: number): Uint8Array {
    const proof = from === 0 || from === to ? [] : consistencyProof(this.#nodes, BigInt(from), BigInt(to));
    return formatAddCheckpoint({ oldSize: BigInt(from), proof, checkpoint: this.checkpoint(to) });
  }

  /** One package of an upload that ends at `size`. */
  package({ subtreeStart, start, end }: PackageRange, size: bigint): Uint8Array {
    const plan = planSubtreeConsistency(subtreeStart, end, size);
    const proof = plan.assemble(plan.nodes.map((node) => this.#nodes.get(node)));
    return formatEntryPackage({ entries: this.entries.slice(Number(start), Number(end)), proof });
  }

  packages(start: number, end: number): Uint8Array[] {
    return [...packageRanges(BigInt(start), BigInt(end))].map((range) => this.package(range, BigInt(end)));
  }

  header(start: number, end: number, ticket: Uint8Array = new Uint8Array(), origin = this.origin): Uint8Array {
    return formatAddEntriesHeader({ origin, start: BigInt(start), end: BigInt(end), ticket });
  }

  /** The body of an add-entries request, whole or with the first `count` packages only. */
  upload(start: number, end: number, { ticket, count = Infinity }: { ticket?: Uint8Array; count?: number } = {}): Uint8Array {
    return concatBytes(this.header(start, end, ticket), ...this.packages(start, end).slice(0, count));
  }
}

/** Serves what `shown` says, under C2SP tlog-tiles. */
export async function serveTestLog(shown: () => { log: TestLog; size: number }): Promise<string> {
  const server = createServer((request, response) => {
    const { log, size } = shown();
    const path = request.url!.slice(1);
    const found = path === 'checkpoint' ? log.checkpoint(size) : log.files.get(path);
    response.writeHead(found === undefined ? 404 : 200).end(found);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
