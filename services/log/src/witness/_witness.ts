/** Test-only: a witness that checks what it cosigns, with the dialects of measured-peers.md §4 on request. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  cosign,
  EMPTY_ROOT,
  formatSignatureLine,
  KEY_TYPE_COSIGNATURE,
  type MlDsaSigner,
  openCheckpoint,
  parseAddCheckpoint,
  parseVkey,
  type Signer,
  verifyConsistency,
} from '@verbatim/tlog';
import { generateSeed, mlDsaSignerFromSeed, verifyEd25519, vkeyOf } from '@verbatim/tlog/node';
import { testSigner } from '@verbatim/testkit';

export interface Exchange {
  readonly oldSize: bigint;
  readonly size: bigint;
  readonly proofLength: number;
  /** The note as it was sent. */
  readonly note: string;
  readonly status: number;
}

/** What a dialect may answer instead; returning false lets the honest witness go on. */
export type Dialect = (
  response: ServerResponse,
  request: { readonly oldSize: bigint; readonly size: bigint; readonly note: string },
) => boolean | Promise<boolean>;

export class TestWitness implements AsyncDisposable {
  readonly signer: Signer;
  readonly vkey: string;
  /** Its second key; it cosigns with it from `cosignTwice` on. */
  readonly mlDsaSigner: MlDsaSigner;
  readonly mlDsaVkey: string;
  cosignTwice = false;
  readonly #server: Server;
  readonly exchanges: Exchange[] = [];
  /** Vkey of the log; requests before it is set are of an unknown origin. */
  logVkey = '';
  dialect: Dialect = () => false;
  size = 0n;
  root: Uint8Array = EMPTY_ROOT;
  /** POSIX seconds that it cosigns with. */
  clock: () => bigint = () => BigInt(Math.floor(Date.now() / 1000));

  private constructor(name: string) {
    this.signer = testSigner(name);
    this.vkey = vkeyOf(this.signer, KEY_TYPE_COSIGNATURE);
    this.mlDsaSigner = mlDsaSignerFromSeed(name, generateSeed());
    this.mlDsaVkey = vkeyOf(this.mlDsaSigner);
    this.#server = createServer((request, response) => void this.#handle(request, response).catch(() => response.destroy()));
  }

  static async start(name = 'witness.example/w1'): Promise<TestWitness> {
    const witness = new TestWitness(name);
    await new Promise<void>((resolve) => witness.#server.listen(0, '127.0.0.1', resolve));
    return witness;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/prefix`;
  }

  /** The `[[witnesses]]` table for a log's configuration. */
  toml(more = ''): string {
    return `[[witnesses]]\nvkey = "${this.vkey}"\nurl = "${this.url}"\n${more}\n`;
  }

  line(text: string, timestamp = this.clock()): string {
    const signers = this.cosignTwice ? [this.signer, this.mlDsaSigner] : [this.signer];
    return signers.map((signer) => formatSignatureLine(cosign(text, signer, timestamp))).join('');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.method !== 'POST' || request.url !== '/prefix/add-checkpoint') return void response.writeHead(405).end();
    const { oldSize, proof, checkpoint: note } = parseAddCheckpoint(Buffer.concat(chunks));
    const text = new TextDecoder().decode(note);
    const claimed = BigInt(text.split('\n')[1]!);
    response.on('close', () =>
      this.exchanges.push({ oldSize, size: claimed, proofLength: proof.length, note: text, status: response.statusCode }),
    );
    if (await this.dialect(response, { oldSize, size: claimed, note: text })) return undefined;
    return this.#honest(response, oldSize, proof, note);
  }

  /** The rules of C2SP tlog-witness at HEAD. */
  #honest(response: ServerResponse, oldSize: bigint, proof: readonly Uint8Array[], note: Uint8Array): void {
    if (this.logVkey === '') return void response.writeHead(404).end('unknown origin\n');
    const { checkpoint, note: opened } = openCheckpoint(note, parseVkey(this.logVkey), verifyEd25519);
    if (oldSize > checkpoint.size) return void response.writeHead(400).end();
    if (oldSize !== this.size) return void response.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end(`${this.size}\n`);
    const grows = oldSize === 0n ? proof.length === 0 : verifyConsistency(oldSize, checkpoint.size, [...proof], this.root, checkpoint.root);
    if (!grows) return void response.writeHead(422).end();
    this.size = checkpoint.size;
    this.root = checkpoint.root;
    response.writeHead(200).end(this.line(opened.text));
  }
}
