/** A log under faults: it never loses what it acknowledged, and never shows a tile or root that does not follow from its entries. */
import { readFile } from 'node:fs/promises';
import { fsck, LogClient, LogReader, openSource } from '@verbatim/client';
import { signStatement } from '@verbatim/statements';
import { anEnrolment, testSigner } from '@verbatim/testkit';
import { bytesEqual, parseVkey, sha256, TILE_WIDTH, toHex, utf8Encode } from '@verbatim/tlog';
import { type LogOptions, publishedSize, startLog, type RunningLog } from '../_log.ts';
import type { Subject } from './_matrix.ts';

const UPLOADER = testSigner('uploader.example');
/** Entries submitted at once. */
const BATCH = 16;
/** Entries before the end of a bundle, where a batch begins: in the middle of it files and folders begin anew. */
const BEFORE_END = 8;

export class LogSubject implements Subject {
  /** Tiles and the checkpoint are written by a thread of their own, blobs by the pool. */
  readonly threads = ['node-MainThread', 'writer', 'libuv-worker'];
  readonly loads = ['entries', 'batch', 'blob', 'stop'];
  readonly maxLoads = 4;
  readonly log: RunningLog;
  /** Index of every entry that the log ever acknowledged. */
  readonly #acknowledged = new Map<string, { readonly index: number; readonly entry: Uint8Array }>();
  readonly #blobs: string[] = [];
  readonly #blobFolders = new Set<string>();
  #names = 0;

  private constructor(log: RunningLog) {
    this.log = log;
  }

  static async start(options: LogOptions = {}): Promise<LogSubject> {
    process.env['UV_THREADPOOL_SIZE'] = '1';
    const subject = new LogSubject(await startLog(options));
    await subject.#post(signStatement(anEnrolment(UPLOADER), [subject.log.admin]), 'uploader');
    return subject;
  }

  get pid(): number {
    return this.log.pid;
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  kindOf(path: string): string | null {
    const { dataDir } = this.log;
    if (!path.startsWith(`${dataDir}/`)) return null;
    const below = path.slice(dataDir.length + 1);
    if (below.startsWith('log.db')) return below;
    if (below === 'public') return 'folder of the checkpoint';
    if (below.startsWith('public/.checkpoint.') || below === 'public/checkpoint') return 'checkpoint';
    const what = below.startsWith('public/') ? 'tile' : below.startsWith('blobs/') ? 'blob' : null;
    if (what === null) return below;
    return below.endsWith('.tmp') || /^blobs\/..\/.{64}$/.test(below) ? what : `folder of ${what}s`;
  }

  /** The first blob makes folders that stay, a log that took nothing has nothing to write when it stops, and batches begin at one place of a bundle. */
  async prepare(load: string): Promise<void> {
    if (load === 'stop') await this.#entry();
    if (load === 'blob' && this.#blobs.length === 0) await this.load(load);
    if (load === 'batch')
      await this.#batch((2 * TILE_WIDTH - BEFORE_END - (Number(await publishedSize(this.log)) % TILE_WIDTH)) % TILE_WIDTH);
  }

  async load(load: string): Promise<void> {
    const { log } = this;
    switch (load) {
      case 'entries':
        // Two batches at least, and several entries under way when the fault comes.
        await Promise.all([this.#entry(), this.#entry(), this.#entry()]);
        return this.#entry();
      case 'batch':
        return this.#batch(BATCH);
      case 'blob': {
        const client = new LogClient({ url: log.url, logKey: parseVkey(log.vkey) });
        const result = await client.putBlob(this.#blob(), UPLOADER);
        await client.close();
        if (result.kind === 'stored') this.#blobs.push(result.sha256);
        return undefined;
      }
      case 'stop':
        process.kill(log.pid, 'SIGTERM');
        await log.ended;
        return undefined;
      default:
        throw new Error(`expected a load of ${this.loads.join(', ')}; found ${load}`);
    }
  }

  async recover(restart: boolean): Promise<string> {
    const { log } = this;
    const ended = log.ended.then((how) => how.replace(/; its log is .*/, ''));
    const outcome = await Promise.race([ended, this.#goesOn()]);
    if (restart && !outcome.includes('ended')) await log.kill().catch(() => log.ended);
    if (restart || outcome.includes('ended')) {
      // As a static server would show it, before anything is repaired.
      await this.check();
      await log.restart();
    }
    await this.check();
    return outcome;
  }

  /** Reads the whole log from its folder, as anybody could. */
  async check(): Promise<void> {
    const { log } = this;
    const source = await openSource(`file://${log.dataDir}/public`);
    const { checkpoint } = await new LogReader({ source, logKey: parseVkey(log.vkey) }).latest();
    const entries: Uint8Array[] = [];
    const checkEntry = (_: bigint, entry: Uint8Array): null => {
      entries.push(entry);
      return null;
    };
    const { findings } = await fsck(source, checkpoint, { checkEntry });
    if (findings.length > 0) throw new Error(`the log is not sound: ${JSON.stringify(findings)}`);
    for (const [name, { index, entry }] of this.#acknowledged) {
      if (entries[index] === undefined || !bytesEqual(entries[index], entry))
        throw new Error(`${name} was acknowledged at index ${index} and is not there`);
    }
    for (const sha256 of this.#blobs) await readFile(`${log.dataDir}/blobs/${sha256.slice(0, 2)}/${sha256}`);
  }

  /** One entry more; the answer, whatever it is. */
  submit(): Promise<{ status: number; body: Record<string, unknown> }> {
    const { name, entry } = this.#enrolment();
    return this.#post(entry, name);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.log[Symbol.asyncDispose]();
  }

  /** The log is given a moment to see what has happened to it. */
  async #goesOn(): Promise<string> {
    await this.#entry();
    const answer = await fetch(`${this.log.url}/livez`).catch(() => null);
    // It is on its way out.
    if (answer?.status !== 200) return new Promise<string>(() => {});
    return 'it went on';
  }

  /** One whose folder is not there yet: each upload makes the same calls. */
  #blob(): Uint8Array {
    for (;;) {
      const bytes = utf8Encode(`blob ${this.#names++}`);
      const folder = toHex(sha256(bytes)).slice(0, 2);
      if (this.#blobFolders.has(folder)) continue;
      this.#blobFolders.add(folder);
      return bytes;
    }
  }

  async #batch(count: number): Promise<void> {
    const batch = Array.from({ length: count }, () => this.#enrolment());
    const answer = await this.log.submitBatch(batch.map(({ entry }) => entry)).catch(() => null);
    const results = (answer?.body['results'] ?? []) as { status: number; index: number }[];
    for (const [i, { status, index }] of results.entries())
      if (status === 200) this.#acknowledged.set(batch[i]!.name, { index, entry: batch[i]!.entry });
  }

  #enrolment(): { readonly name: string; readonly entry: Uint8Array } {
    const name = `rebuilder-${this.#names++}`;
    return { name, entry: signStatement(anEnrolment(testSigner(name)), [this.log.admin]) };
  }

  async #entry(): Promise<void> {
    await this.submit().catch(() => {});
  }

  async #post(entry: Uint8Array, name: string): Promise<{ status: number; body: Record<string, unknown> }> {
    const answer = await this.log.submit(entry);
    if (answer.status === 200) this.#acknowledged.set(name, { index: Number(answer.body['index']), entry });
    return answer;
  }
}
