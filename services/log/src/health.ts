import type { HealthCheck } from '@verbatim/service-kit';
import type { Engine } from './engine/engine.ts';
import { checkpointTimestamp } from './publication/age.ts';
import type { DiskGuard } from './service/disk-guard.ts';

export interface HealthOptions {
  readonly engine: Engine;
  readonly disk: DiskGuard;
  /** How long something signed may wait for its quorum. */
  readonly stuckMs: number;
  /** Cosignatures are renewed this often; a checkpoint older than twice that is stale. */
  readonly renewMs: number;
  /** Whether a quorum of witnesses is demanded. */
  readonly witnessed: boolean;
  readonly now: () => number;
  /** `performance.now`: what `engine.signed` counts by. */
  readonly monotonic: () => number;
}

/** DESIGN §3.13: more is another clock than the witnesses'. */
const MAX_AHEAD_SECONDS = 300;

/** Never healthy while the checkpoint is stale or publishing is stuck (users.md §3.2): a log that cannot publish is not available. */
export function healthChecks({ engine, disk, stuckMs, renewMs, witnessed, now, monotonic }: HealthOptions): HealthCheck[] {
  return [
    {
      name: 'running',
      check: () => (engine.failed ? { ok: false, detail: 'the log has stopped; a restart repairs it' } : { ok: true }),
    },
    {
      name: 'confirmed',
      check: () =>
        engine.standing.isOpen
          ? { ok: true }
          : {
              ok: false,
              detail: `started, and takes nothing before its size is confirmed; not heard from: ${engine.standing.silent.join(', ')}`,
            },
    },
    {
      name: 'publishing',
      check() {
        const { size, at } = engine.signed;
        const published = engine.published.size;
        const waitingMs = monotonic() - at;
        const detail = `published ${published} of ${size} signed entries`;
        return published === size && engine.published.current !== null
          ? { ok: true, detail }
          : waitingMs < stuckMs && engine.published.current !== null
            ? { ok: true, detail }
            : { ok: false, detail: `${detail}; the newest checkpoint has waited ${Math.round(waitingMs / 1000)} s for its witnesses` };
      },
    },
    {
      name: 'checkpoint',
      check() {
        const publication = engine.published.current;
        if (publication === null) return { ok: false, detail: 'nothing is published yet' };
        if (!witnessed) return { ok: true, detail: `size ${publication.size}, no witnesses demanded` };
        const age = Math.round(now() / 1000 - checkpointTimestamp(publication));
        if (-age > MAX_AHEAD_SECONDS)
          return { ok: false, detail: `size ${publication.size}, cosigned ${-age} s ahead of this machine's clock; set it` };
        return age * 1000 <= 2 * renewMs + stuckMs
          ? { ok: true, detail: `size ${publication.size}, ${age} s old` }
          : { ok: false, detail: `size ${publication.size}, cosigned ${age} s ago; the witnesses do not renew it` };
      },
    },
    {
      name: 'witnesses',
      check() {
        const closed = engine.stage.states().filter((state) => state.closed);
        return closed.length === 0
          ? { ok: true }
          : { ok: false, detail: `closed by a split-view alarm: ${closed.map(({ name }) => name).join(', ')}` };
      },
    },
    {
      name: 'storage',
      check: () => (disk.low ? { ok: false, detail: `only ${disk.free} bytes are free; submissions are turned away` } : { ok: true }),
    },
  ];
}
