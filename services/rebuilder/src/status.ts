import type { RebuilderConfig } from './config.ts';
import type { NodeStatus } from './control.ts';
import type { Follower } from './follower.ts';
import type { LogConnection } from './log-connection.ts';
import type { Runner } from './runner.ts';
import type { Outbox } from './store/outbox.ts';
import type { JobQueue } from './store/queue.ts';
import type { WorkerSetting } from './worker-setting.ts';

export interface StatusSources {
  readonly config: RebuilderConfig;
  readonly keyid: string;
  readonly vkey: string;
  readonly connection: Pick<LogConnection, 'log'>;
  readonly host: string;
  readonly worker: Pick<WorkerSetting, 'owner'>;
  readonly runner: Pick<Runner, 'state'>;
  readonly queue: JobQueue;
  readonly outbox: Outbox;
  readonly follower: Pick<Follower, 'checkpoint' | 'trouble' | 'misbehaved'>;
}

/** What `GET /status` answers; the newest `attempts` attempts. */
export function statusOf(sources: StatusSources, attempts: number): NodeStatus {
  const { config, keyid, vkey, connection, host, worker, runner, queue, outbox, follower } = sources;
  const { ready, draining, running, lowDisk, pausedUntil } = runner.state;
  const { oldestQueuedAt, ...jobs } = queue.counts();
  const { oldestPendingAt, ...observations } = outbox.counts();
  const { checkpoint, trouble, misbehaved } = follower;
  return {
    name: config.name,
    operator: config.operator,
    keyid,
    vkey,
    host,
    worker: worker.owner === null ? 'same-user' : 'separate-user',
    state: misbehaved ? 'halted' : draining ? 'draining' : ready ? 'running' : 'starting',
    running,
    lowDisk,
    pausedUntil: isoTime(pausedUntil),
    queue: { ...jobs, oldestQueuedAt: isoTime(oldestQueuedAt) },
    outbox: { ...observations, oldestPendingAt: isoTime(oldestPendingAt) },
    log: {
      origin: connection.log.origin,
      url: connection.log.url,
      position: String(queue.nextIndex()),
      checkpoint: checkpoint && { size: String(checkpoint.size), verifiedAt: new Date(checkpoint.verifiedAt).toISOString() },
      trouble,
    },
    attempts: outbox.attempts(attempts),
  };
}

function isoTime(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}
