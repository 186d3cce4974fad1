/** The ordinary apt client with a configuration, lists and cache of our own; what the machine has installed neither matters nor changes. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { stat, utimes, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { waitForLock } from '../cache/lock.ts';
import { BuilderError } from '../errors.ts';
import type { Unavailable } from '../outcome.ts';
import { requireProgram, type ToolResult } from '../process.ts';
import { runClient, type ClientRun } from '../sandbox/client.ts';
import { pathsIn } from '../sandbox/shown.ts';
import { aptFailure } from './apt-errors.ts';
import { lockOf, machineEnvironment, passwordFiles, readMachine, scratchIn, settingsIn, stateIn, writeSettings } from './apt-machine.ts';
import { ADD_SOURCE, KEYRING, configurationOf, sourcesOf } from './apt-settings.ts';

export interface AptRequest {
  readonly suites: readonly string[];
  readonly architecture: string;
  /** Other architectures whose packages are wanted too. */
  readonly foreign?: readonly string[];
  /** Whether source packages are wanted too: their lists are as large again. True when left out. */
  readonly sources?: boolean;
  /** The cache of the machine; our apt has a folder in it. */
  readonly cacheDir: string;
  /** The user's environment, for proxies. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Milliseconds for each step. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
}

const INSTALL = 'Debian packages are fetched by apt; run this on Debian or a system of its kind';

export class Apt {
  readonly #request: AptRequest;
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;
  /** What it reads, beside its own folder. */
  readonly #shown: readonly string[];

  private constructor(request: AptRequest, folder: string, env: Readonly<Record<string, string>>, shown: readonly string[]) {
    this.#request = request;
    this.#folder = folder;
    this.#env = env;
    this.#shown = shown;
  }

  /**
   * Sets our apt up for these suites. Lists are downloaded when there are none.
   * @throws BuilderError `tool-missing` where the machine has no apt, no source of Debian packages, or not Debian's keys
   */
  static async open(request: AptRequest): Promise<Apt | Unavailable> {
    const {
      suites,
      architecture,
      foreign = [],
      sources: withSources = true,
      cacheDir,
      environment = process.env,
      timeout,
      signal,
    } = request;
    requireProgram('apt-get', INSTALL);
    if (!existsSync(KEYRING)) {
      throw new BuilderError('tool-missing', `expected Debian's keys in ${KEYRING}, found none; install debian-archive-keyring`);
    }
    const root = join(resolve(cacheDir), 'apt');
    const env = machineEnvironment(environment);
    const machine = await readMachine({ root, env, timeout, signal });
    const sources = sourcesOf(suites, machine.mirrors, withSources ? ['deb', 'deb-src'] : ['deb']);
    const unserved = suites.find((suite) => !sources.includes(` ${suite} main\n`));
    if (unserved !== undefined)
      throw new BuilderError('tool-missing', `expected a source of ${unserved} in apt's settings, found none; ${ADD_SOURCE}`);
    const key = createHash('sha256')
      .update([architecture, ...foreign, sources].join('\n'))
      .digest('hex')
      .slice(0, 32);
    const folder = join(root, key);
    await using _setup = await waitForLock(lockOf(folder), { mode: 'exclusive', signal });
    const configuration = configurationOf({ ...machine, folder, architecture, foreign });
    const named = pathsIn([...Object.values(env), sources, ...machine.followed.map((line) => line.replaceAll('"', ' '))]);
    const settings = await writeSettings(folder, configuration, sources);
    const apt = new Apt(request, folder, { ...env, ...settings }, [...(await passwordFiles(machine.passwords)), ...named]);
    return existsSync(apt.#stamp) ? apt : ((await apt.#update()) ?? apt);
  }

  get #stamp(): string {
    return join(this.#folder, 'updated');
  }

  /** Downloads the lists anew, unless that was less than `age` milliseconds ago; null when they are here. */
  async refresh(age: number): Promise<Unavailable | null> {
    await using _updating = await waitForLock(lockOf(this.#folder), { mode: 'exclusive', signal: this.#request.signal });
    const { mtimeMs } = await stat(this.#stamp);
    return Date.now() - mtimeMs < age ? null : this.#update();
  }

  async #update(): Promise<Unavailable | null> {
    const { suites, timeout } = this.#request;
    const result = await this.#run(['apt-get', 'update'], { shared: [stateIn(this.#folder), ...scratchIn(this.#folder)] });
    if (result.code !== 0) return aptFailure(`lists of ${suites.join(', ')}`, result, timeout);
    await writeFile(this.#stamp, '');
    const now = new Date();
    await utimes(this.#stamp, now, now);
    return null;
  }

  /**
   * Runs apt-get or apt-cache.
   * @param cwd where it leaves what it downloads
   * @param maxOutput bytes of its standard output; more is `overflow`
   */
  async run(argv: readonly [program: 'apt-get' | 'apt-cache', ...rest: string[]], cwd = '/', maxOutput?: number): Promise<ToolResult> {
    await using _reading = await waitForLock(lockOf(this.#folder), { mode: 'shared', signal: this.#request.signal });
    // The lists stay as they are.
    const shown = [stateIn(this.#folder)];
    return this.#run(argv, { shown, shared: scratchIn(this.#folder), writable: cwd === '/' ? [] : [cwd] }, cwd, maxOutput);
  }

  /** As `run`; once more with new lists when these do not have what is asked for. Null when it went well. */
  async fetch(argv: readonly ['apt-get', ...string[]], cwd: string, what: string): Promise<Unavailable | null> {
    const { timeout } = this.#request;
    const first = await this.run(argv, cwd);
    if (first.code === 0) return null;
    const failed = aptFailure(what, first, timeout);
    if (failed.reason !== 'package-unavailable') return failed;
    const stale = await this.refresh(FRESH_MILLISECONDS);
    if (stale !== null) return stale;
    const second = await this.run(argv, cwd);
    return second.code === 0 ? null : aptFailure(what, second, timeout);
  }

  #run(argv: readonly string[], { shown = [], shared, writable = [] }: Places, cwd = '/', maxOutput?: number): Promise<ToolResult> {
    const { timeout, signal } = this.#request;
    const most = maxOutput === undefined ? {} : { maxOutput };
    const seen = [...this.#shown, ...settingsIn(this.#folder), ...shown];
    return runClient({ argv, cwd, env: this.#env, shown: seen, writable, shared, timeout, signal, ...most });
  }
}

type Places = Pick<ClientRun, 'shared'> & Partial<Pick<ClientRun, 'shown' | 'writable'>>;

/** Lists of this age are not asked for again. */
const FRESH_MILLISECONDS = 10 * 60_000;
