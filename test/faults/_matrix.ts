/** One log, hit by one fault after the other, each followed by a restart and a look at everything that was ever acknowledged. */
import { readFile } from 'node:fs/promises';
import { fsck, LogClient, LogReader, openSource } from '@verbatim/client';
import { signStatement } from '@verbatim/statements';
import { anEnrolment, testSigner } from '@verbatim/testkit';
import { bytesEqual, parseVkey, sha256, toHex, utf8Encode } from '@verbatim/tlog';
import { type LogOptions, startLog, type RunningLog } from '../_log.ts';
import { type Call, type Fault, inject, record } from './_strace.ts';

/** SQLite runs on the main thread, tiles and the checkpoint are written by a thread of their own, blobs by the pool's only thread. */
const THREADS = ['node-MainThread', 'writer', 'libuv-worker'];
const UPLOADER = testSigner('uploader.example');
/** A load that is a call or two shorter than the recorded one is done again. */
const MAX_LOADS = 4;
/** Fills at least one bundle: files and folders begin anew. */
const BATCH = 256;

/** What the log is made to do while the fault waits. */
export type Load = 'entries' | 'batch' | 'blob' | 'stop';

/** A call to let fail, with what brings it about. */
export interface Site extends Call {
  readonly load: Load;
  /** Kind of path: `tile`, `folder of tiles`, `log.db-wal`, … */
  readonly kind: string;
}

/** The call did not come again: pages that SQLite has in its cache by now, say. */
export class NotReachedError extends Error {}

export interface Hit {
  readonly site: Site;
  readonly fault: Fault;
  /** How the process ended, or that it went on. */
  readonly outcome: string;
}

/** Kinds of path below the log's data folder; null for anything else. */
function kindOf(path: string, dataDir: string): string | null {
  if (!path.startsWith(`${dataDir}/`)) return null;
  const below = path.slice(dataDir.length + 1);
  if (below.startsWith('log.db')) return below;
  if (below === 'public') return 'folder of the checkpoint';
  if (below.startsWith('public/.checkpoint.') || below === 'public/checkpoint') return 'checkpoint';
  const what = below.startsWith('public/') ? 'tile' : below.startsWith('blobs/') ? 'blob' : null;
  if (what === null) return below;
  return below.endsWith('.tmp') || /^blobs\/..\/.{64}$/.test(below) ? what : `folder of ${what}s`;
}

export class Matrix implements AsyncDisposable {
  readonly log: RunningLog;
  /** Index of every entry that the log ever acknowledged. */
  readonly #acknowledged = new Map<string, { readonly index: number; readonly entry: Uint8Array }>();
  readonly #blobs: string[] = [];
  readonly #blobFolders = new Set<string>();
  #names = 0;

  private constructor(log: RunningLog) {
    this.log = log;
  }

  static async start(options: LogOptions = {}): Promise<Matrix> {
    // One thread writes blobs, so that its calls have an order.
    process.env['UV_THREADPOOL_SIZE'] = '1';
    const matrix = new Matrix(await startLog(options));
    await matrix.#post(signStatement(anEnrolment(UPLOADER), [matrix.log.admin]), 'uploader');
    return matrix;
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** Everything that the log does with its files under one load, in order. A `stop` is followed by a start. */
  async sites(load: Load): Promise<Site[]> {
    const { log } = this;
    await this.#prepare(load);
    const calls = await record(log.pid, THREADS, () => this.load(load));
    if (load === 'stop') await log.restart();
    return calls.flatMap((call) => {
      const kind = kindOf(call.path, log.dataDir);
      // The pool's writes are counted together with those that wake other threads up, whose number is nobody's.
      const countable = call.thread !== 'libuv-worker' || call.name !== 'write';
      // The lock is an empty file: holding it is what matters, and that is tested in services/log/src/crash.system.test.ts.
      return kind === null || kind.startsWith('log.db.lock') || !countable ? [] : [{ ...call, load, kind }];
    });
  }

  /**
   * Lets one call fail, and holds the log to its promises: it has stopped or goes on, a restart finds every acknowledged entry under its index and
   * nothing unsound, and takes new ones.
   *
   * @param anyKind whether the call may be on another kind of path than expected; what was hit is told
   */
  async strike(site: Site, fault: Fault, anyKind = false): Promise<Hit> {
    const { log } = this;
    if (site.load === 'stop') await this.#prepare(site.load);
    const armed = await inject(log.pid, site, fault, site.kind.startsWith('log.db'));
    const ended = log.ended.then((how) => how.replace(/; its log is .*/, ''));
    try {
      for (let i = 0; i < MAX_LOADS && armed.hit() === null && (i === 0 || site.load !== 'stop'); i++) await this.load(site.load);
    } finally {
      await armed.disarm();
    }
    const hit = armed.hit();
    const kind = hit === null ? null : kindOf(hit.path, log.dataDir);
    if (anyKind ? hit === null : kind !== site.kind) {
      if (site.load === 'stop') await log.restart();
      throw new NotReachedError(`expected ${fault} at ${describe(site)}; it came at ${hit === null ? 'nothing' : hit.path}`);
    }
    const outcome = await Promise.race([ended, this.#goesOn()]);
    if (outcome.includes('ended')) {
      // As a static server would show it, before anything is repaired.
      await this.check();
      await log.restart();
    }
    await this.check();
    return { site: { ...site, kind: kind ?? 'no file of the log' }, fault, outcome };
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.log[Symbol.asyncDispose]();
  }

  /** So that the load does the same each time: the first of its kind makes folders that stay, and a log that took nothing has nothing to write. */
  async #prepare(load: Load): Promise<void> {
    if (load === 'stop') await this.#entry();
    if (load === 'blob') await this.load(load);
  }

  /** One entry more; the answer, whatever it is. */
  submit(): Promise<{ status: number; body: Record<string, unknown> }> {
    const { name, entry } = this.#enrolment();
    return this.#post(entry, name);
  }

  /** Loads until the answer, or until the log is gone. */
  async load(load: Load): Promise<void> {
    const { log } = this;
    switch (load) {
      case 'entries':
        // Two batches at least, and several entries under way when the fault comes.
        await Promise.all([this.#entry(), this.#entry(), this.#entry()]);
        return this.#entry();
      case 'batch': {
        const batch = Array.from({ length: BATCH }, () => this.#enrolment());
        const answer = await log.submitBatch(batch.map(({ entry }) => entry)).catch(() => null);
        const results = (answer?.body['results'] ?? []) as { status: number; index: number }[];
        for (const [i, { status, index }] of results.entries())
          if (status === 200) this.#acknowledged.set(batch[i]!.name, { index, entry: batch[i]!.entry });
        return undefined;
      }
      case 'blob': {
        const client = new LogClient({ url: log.url, logKey: parseVkey(log.vkey) });
        const result = await client.putBlob(this.#blob(), UPLOADER);
        if (result.kind === 'stored') this.#blobs.push(result.sha256);
        return undefined;
      }
      case 'stop':
        process.kill(log.pid, 'SIGTERM');
        await log.ended;
    }
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

export function describe({ thread, name, nth, kind, load }: Site): string {
  return `${name} ${nth} of ${kind} (${thread}, ${load})`;
}

/** The first of each call on each kind of path. */
export function distinct(sites: readonly Site[]): Site[] {
  const found = new Map<string, Site>();
  for (const site of sites) {
    const key = `${site.thread} ${site.name} ${site.kind}`;
    if (!found.has(key)) found.set(key, site);
  }
  return [...found.values()];
}

/** Calls that may need room. */
const NEEDS_ROOM = new Set(['openat', 'mkdir', 'link', 'rename', 'write', 'pwrite64', 'ftruncate', 'fsync', 'fdatasync']);

/** The faults that a call can meet: a folder that is opened to be synced needs no room. */
export function faultsOf({ name, kind }: Site): Fault[] {
  const full = NEEDS_ROOM.has(name) && !kind.startsWith('folder');
  return full ? ['SIGKILL', 'EIO', 'ENOSPC'] : ['SIGKILL', 'EIO'];
}
