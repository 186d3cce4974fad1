/** What a witness and a mirror under faults share: a service of one log, in a folder of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initialise, startService, type Service } from '@verbatim/local';

const LISTEN = 'listen = { host = "127.0.0.1", port = 0 }\nmetrics_listen = { host = "127.0.0.1", port = 0 }\n';

export class CosignerProcess implements AsyncDisposable {
  readonly #folder: string;
  readonly #dataDir: string;
  readonly #name: 'witness' | 'mirror';
  #service: Service | null = null;
  #ended: string | null = null;

  private constructor(name: 'witness' | 'mirror', folder: string, dataDir: string) {
    this.#name = name;
    this.#folder = folder;
    this.#dataDir = dataDir;
  }

  static async start(name: 'witness' | 'mirror', logVkey: string, dataDir?: string): Promise<CosignerProcess> {
    process.env['UV_THREADPOOL_SIZE'] = '1';
    process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'verbatim-compile-cache');
    const folder = await mkdtemp(join(tmpdir(), `verbatim-${name}-`));
    const cosigner = new CosignerProcess(name, folder, dataDir ?? join(folder, 'data'));
    await writeFile(
      cosigner.#config,
      `name = "${name}.example/struck"\ndata_dir = "${cosigner.#dataDir}"\nkey_file = "key"\n${LISTEN}[[logs]]\nvkey = "${logVkey}"\n`,
    );
    await initialise(name, cosigner.#config);
    await cosigner.restart();
    return cosigner;
  }

  get #config(): string {
    return join(this.#folder, 'config.toml');
  }

  get url(): string {
    return this.#service!.ready.url;
  }

  get pid(): number {
    return this.#service!.pid;
  }

  /** Its files, relative to its data folder; null for anything else. */
  below(path: string): string | null {
    const data = `${this.#dataDir}/`;
    return path.startsWith(data) ? path.slice(data.length) : null;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    try {
      if (this.#ended === null) process.kill(this.pid, signal);
    } catch (error) {
      // It has just ended by itself.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    await this.#service!.ended;
  }

  /** How it ended, or that it goes on: asked until it is gone or gives an answer that is no failure. */
  async outcome(ask: () => Promise<{ status: number } | null>): Promise<string> {
    for (;;) {
      if (this.#ended !== null) return this.#ended;
      const answer = await ask();
      if (answer !== null && answer.status !== 500) return 'it went on';
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async restart(): Promise<void> {
    const service = await startService(this.#name, this.#name, this.#config, join(this.#folder, 'log'));
    [this.#service, this.#ended] = [service, null];
    void service.ended.then((how) => {
      if (this.#service === service) this.#ended = how.replace(/; its log is .*/, '');
    });
  }

  /** Sends a body; null when the connection died with the process. */
  async post(path: string, body: Uint8Array): Promise<{ status: number; text: string } | null> {
    const headers = { 'content-type': 'application/octet-stream' };
    try {
      const answer = await fetch(`${this.url}/${path}`, { method: 'POST', headers, body: new Uint8Array(body) });
      return { status: answer.status, text: await answer.text() };
    } catch {
      return null;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service?.[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
