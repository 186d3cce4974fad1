/**
 * A rebuilder node under faults: each release is observed once and no more, what the log acknowledged keeps its index, and no work folder stays
 * behind. It looks at the log when it is let through a gate, a release at a time: so its calls are the same each time.
 */
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogReader, openSource } from '@verbatim/client';
import { decodeEntry, keyidOf, PREDICATE } from '@verbatim/statements';
import { anArtifact, aRelease } from '@verbatim/testkit';
import { parseVkey } from '@verbatim/tlog';
import { Network, TestNode } from '../../services/rebuilder/src/_network.ts';
import { Gate } from './_gate.ts';
import type { Subject } from './_matrix.ts';

const ARTIFACT = 'linux-x64/bin/tool';
/** After an error the node may be waiting for its next look at the log. */
const STANDSTILL_MS = 2000;
/** Longer than any busy machine takes. */
const PATIENCE_SECONDS = 300;
const TOML = '[retry]\nbase_seconds = 0.05\ncap_seconds = 0.2\nmax_tries = 100\n';

export class RebuilderSubject implements Subject {
  readonly threads = ['node-MainThread', 'libuv-worker'];
  readonly loads = ['rebuild', 'stop'];
  readonly maxLoads = 1;
  readonly #network: Network;
  readonly #gate: Gate;
  readonly #node: TestNode;
  /** Indexes of the release entries. */
  readonly #releases: bigint[] = [];
  /** Index of every observation that the node ever showed as acknowledged, by release entry. */
  readonly #acknowledged = new Map<number, number>();

  private constructor(network: Network, gate: Gate, node: TestNode) {
    this.#network = network;
    this.#gate = gate;
    this.#node = node;
  }

  static async start(): Promise<RebuilderSubject> {
    process.env['UV_THREADPOOL_SIZE'] = '1';
    process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'verbatim-compile-cache');
    const network = await Network.start();
    const gate = await Gate.before(network.url);
    const log = { url: gate.url, vkey: network.vkey };
    const node = new TestNode('struck', join(network.folder, 'struck'), log, `[limits]\nmin_free_disk_mib = 0\n${TOML}`, {
      // Its workers are started as often as the node.
      environment: { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] },
    });
    await node.init();
    await network.enrol(node.signer);
    await node.start();
    const subject = new RebuilderSubject(network, gate, node);
    // The first release makes folders that stay.
    await subject.#register();
    await subject.recover(false);
    return subject;
  }

  get pid(): number {
    return this.#node.service!.child.pid!;
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  kindOf(path: string): string | null {
    const { folder } = this.#node;
    if (!path.startsWith(`${folder}/`)) return null;
    const below = path.slice(folder.length + 1);
    if (below.startsWith('state/rebuilder.db')) return below.slice('state/'.length);
    if (/^state\/log\/checkpoints\/[^/]+\/followed-keys$/.test(below)) return 'followed keys';
    if (/^state\/log\/checkpoints\/[^/]+\//.test(below)) return 'remembered checkpoint';
    if (/^state\/log(?:\/checkpoints(?:\/[^/]+)?)?$/.test(below)) return 'folder of remembered checkpoints';
    return below.replace(/^work\/[^/]+$/, 'work folder').replace(/^work\/[^/]+\/(\w+)$/, 'work: $1');
  }

  /** What has nothing to do writes nothing when it stops. */
  async prepare(load: string): Promise<void> {
    await this.#register();
    if (load === 'stop') await this.load('rebuild', () => false);
  }

  async load(load: string, hit: () => boolean): Promise<void> {
    if (load === 'stop') return void (await this.#node.stop());
    const { service } = this.#node;
    const before = service!.stderr.length;
    const isOver = (): boolean => this.#ended !== null || service!.stderr.includes('"acknowledged"', before);
    this.#gate.letThrough();
    for (let hitAt: number | null = null; !isOver();) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (hitAt === null && hit()) hitAt = performance.now();
      if (hitAt !== null && performance.now() - hitAt > STANDSTILL_MS) return;
    }
  }

  async recover(restart: boolean): Promise<string> {
    let outcome = this.#ended;
    if (restart) await this.#node.stop('SIGKILL');
    this.#gate.open();
    if (this.#ended === null) {
      const done = this.#done().then(() => null);
      // It may be on its way out.
      done.catch(() => {});
      outcome = await Promise.race([done, this.#node.service!.ended]);
    }
    if (this.#ended !== null) {
      await this.#node.start();
      await this.#done();
    }
    await this.#check();
    await this.#gate.step();
    return outcome === null ? 'it went on' : `rebuilder ended with ${outcome}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#node.stop('SIGKILL');
    await this.#gate[Symbol.asyncDispose]();
    await this.#network[Symbol.asyncDispose]();
  }

  /** How it ended; null while it runs. */
  get #ended(): number | NodeJS.Signals | null {
    const { exitCode, signalCode } = this.#node.service!.child;
    return exitCode ?? signalCode;
  }

  async #register(): Promise<void> {
    const n = this.#releases.length;
    const artifacts = [anArtifact({ name: ARTIFACT, coordinate: `pkg:npm/%40esbuild/linux-x64@0.${n}.0` })];
    this.#releases.push(await this.#network.register(aRelease({ purl: `pkg:npm/esbuild@0.${n}.0`, artifacts })));
  }

  /** Everything is observed, and the log has all of it. */
  async #done(): Promise<void> {
    const { attempts } = await this.#node.until(
      ({ queue, outbox }) => queue.concluded === this.#releases.length && outbox.pending === 0 && queue.queued + queue.leased === 0,
      PATIENCE_SECONDS,
    );
    for (const { release, index, state } of attempts) {
      if (state !== 'acknowledged' || index === null) throw new Error(`the observation of release entry ${release} is ${state}`);
      const before = this.#acknowledged.get(release) ?? index;
      if (before !== index) throw new Error(`the observation of release entry ${release} was acknowledged at ${before}, now at ${index}`);
      this.#acknowledged.set(release, index);
    }
  }

  async #check(): Promise<void> {
    const found = new Map<number, number>();
    const reader = new LogReader({ source: await openSource(this.#network.url), logKey: parseVkey(this.#network.vkey) });
    const { tree } = await reader.latest();
    const { signer } = this.#node;
    let index = 0;
    for await (const { entry } of tree.entries(0n)) {
      const { statement } = decodeEntry(entry);
      const at = index++;
      if (statement.predicateType !== PREDICATE.observation) continue;
      const { rebuilder, release, attempt, result } = statement.predicate;
      if (rebuilder !== keyidOf(signer.name, signer.publicKey))
        throw new Error(`expected observations of one node; found one of ${rebuilder}`);
      if (found.has(release.index) || attempt !== 1 || result !== 'match')
        throw new Error(`expected one match of release entry ${release.index}; found ${result} as attempt ${attempt}`);
      found.set(release.index, at);
    }
    await reader.source.close();
    for (const release of this.#releases.map(Number))
      if (!found.has(release)) throw new Error(`release entry ${release} was never observed`);
    for (const [release, at] of this.#acknowledged)
      if (found.get(release) !== at) throw new Error(`release entry ${release} was acknowledged at index ${at} and is not there`);
    const left = readdirSync(join(this.#node.folder, 'work'));
    if (left.length > 0) throw new Error(`work folders stayed behind: ${left.join(', ')}`);
  }
}
