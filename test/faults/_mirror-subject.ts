/** A mirror under faults: every entry that it counted or cosigned is in its copy, and it goes on from there. */
import { fsck, LogReader, openSource } from '@verbatim/client';
import { bytesEqual, parseMirrorInfo, parseVkey, sha256, toHex, utf8Encode } from '@verbatim/tlog';
import { TestLog } from '../../services/mirror/src/_log.ts';
import { CosignerProcess } from './_cosigner.ts';
import type { Subject } from './_matrix.ts';

/** More than there are faults between two new mirrors (test/recorded/faults.ts). */
const SIZE = 30_000;
/** Fills a bundle each time: files and folders begin anew. */
const STEP = 256;

export class MirrorSubject implements Subject {
  readonly threads = ['node-MainThread', 'libuv-worker'];
  readonly loads = ['upload', 'stop'];
  readonly maxLoads = 2;
  readonly #mirror: CosignerProcess;
  readonly #log: TestLog;
  /** The largest size that it was heard to cosign. */
  #cosigned = 0;

  private constructor(mirror: CosignerProcess, log: TestLog) {
    this.#mirror = mirror;
    this.#log = log;
  }

  /** @param dataDir on another disk; a folder of its own otherwise */
  static async start(dataDir?: string): Promise<MirrorSubject> {
    const log = new TestLog({ size: SIZE });
    const subject = new MirrorSubject(await CosignerProcess.start('mirror', log.vkey, dataDir), log);
    await subject.#upload(300);
    return subject;
  }

  get pid(): number {
    return this.#mirror.pid;
  }

  get acknowledged(): number {
    return this.#cosigned;
  }

  kindOf(path: string): string | null {
    const below = this.#mirror.below(path);
    if (below === null || !below.startsWith('logs/')) return below;
    if (/\/(?:\.checkpoint\.[^/]*|checkpoint)$/.test(below)) return 'checkpoint';
    if (/^logs\/[^/]+$/.test(below)) return 'folder of the copy';
    return /\.tmp$|\/tile\/(?:\d|entries)\/(?:x\d{3}\/)*\d{3}(?:\.p\/\d+)?$/.test(below) ? 'tile' : 'folder of tiles';
  }

  async prepare(): Promise<void> {}

  async load(load: string): Promise<void> {
    if (load === 'stop') await this.#mirror.stop();
    else await this.#upload(this.#cosigned + STEP);
  }

  async recover(): Promise<string> {
    // Asked for something that it must look up.
    const outcome = await this.#mirror.outcome(() => this.#mirror.post('add-entries', this.#log.header(SIZE, SIZE)));
    await this.#mirror.stop('SIGKILL');
    await this.#mirror.restart();
    await this.#check();
    const next = this.#cosigned + STEP;
    await this.#upload(next);
    if (this.#cosigned !== next) throw new Error(`expected the mirror to go on to ${next}`);
    return outcome;
  }

  /** Ends it at once; `recover` brings it back. */
  kill(): Promise<void> {
    return this.#mirror.stop('SIGKILL');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#mirror[Symbol.asyncDispose]();
  }

  /** What is missing up to `size`, in one request. */
  async #upload(size: number): Promise<void> {
    const pending = await this.#pending();
    if (pending < size) await this.#mirror.post('add-checkpoint', this.#log.request(pending, size));
    const info = await this.#mirror.post('add-entries', this.#log.header(size, size));
    if (info === null) return;
    const next = info.status === 409 ? Number(parseMirrorInfo(info.text).next) : size;
    const answer = await this.#mirror.post('add-entries', this.#log.upload(next, size));
    if (answer?.status === 200) this.#cosigned = size;
  }

  /** The size that uploads lead up to: asked with one that it cannot have, the mirror tells. */
  async #pending(): Promise<number> {
    const answer = await this.#mirror.post('add-checkpoint', this.#log.request(SIZE - 1, SIZE));
    return answer?.status === 409 ? Number(answer.text) : 0;
  }

  async #check(): Promise<void> {
    const source = await openSource(`${this.#mirror.url}/${toHex(sha256(utf8Encode(this.#log.origin)))}`);
    const { checkpoint } = await new LogReader({ source, logKey: parseVkey(this.#log.vkey) }).latest();
    const entries: Uint8Array[] = [];
    const { findings } = await fsck(source, checkpoint, { checkEntry: (_, entry) => (entries.push(entry), null) });
    await source.close();
    if (findings.length > 0) throw new Error(`the copy is not sound: ${JSON.stringify(findings)}`);
    if (checkpoint.size < this.#cosigned) throw new Error(`expected a copy of ${this.#cosigned} entries; found ${checkpoint.size}`);
    if (entries.some((entry, index) => !bytesEqual(entry, this.#log.entries[index]!))) throw new Error('the copy has other entries');
  }
}
