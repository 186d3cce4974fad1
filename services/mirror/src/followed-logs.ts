/** The logs that the mirror follows by itself: those that have an address, and every log that goes on from one of them. */
import type { LogKeys, SuccessorLog } from '@verbatim/client';
import { parseVkey } from '@verbatim/tlog';
import { join } from 'node:path';
import type { MirrorConfig } from './config.ts';
import { followLog, type FollowedLog, type FollowLogOptions } from './follow-log.ts';
import { originHash } from './log-copy.ts';

export interface FollowedLogsOptions extends Omit<FollowLogOptions, 'signal'> {
  readonly keys: LogKeys;
  /** Ends the process. */
  readonly fatal: (error: unknown) => never;
}

export class FollowedLogs implements AsyncDisposable {
  readonly #folder: string;
  readonly #options: FollowedLogsOptions;
  readonly #stop = new AbortController();
  readonly #following = new Map<string, Promise<void>>();

  constructor({ sources, logs, roots, data_dir }: MirrorConfig, options: FollowedLogsOptions) {
    this.#folder = data_dir;
    this.#options = options;
    for (const [origin, url] of sources) this.#start({ origin, url, keys: logs.get(origin)!, root: roots.get(origin) });
  }

  /** A followed log has named its successor: that one is followed, too, unless the log of that name that is known here has other keys. */
  goOn(origin: string, { vkey, rootVkey, url }: SuccessorLog): void {
    const [logKey, root] = [parseVkey(vkey), parseVkey(rootVkey)];
    const isIt = this.#options.keys.trail(logKey.name)?.isAnchoredIn({ logKey, root }) === true;
    if (this.#following.has(origin) && isIt) this.#start({ origin: logKey.name, url, keys: [logKey], root });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#following.values());
  }

  #start(log: Omit<FollowedLog, 'evidenceFolder' | 'alarmFile'>): void {
    const { origin } = log;
    if (this.#following.has(origin)) return;
    const { keys, fatal, ...options } = this.#options;
    const files = {
      evidenceFolder: join(this.#folder, 'evidence'),
      alarmFile: join(this.#folder, `stopped-${originHash(origin)}.json`),
    };
    this.#following.set(origin, followLog({ ...log, ...files }, { ...options, keys, signal: this.#stop.signal }).catch(fatal));
    const successor = keys.trail(origin)?.successor ?? null;
    if (successor !== null) this.goOn(origin, successor);
  }
}
