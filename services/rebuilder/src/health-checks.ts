import type { HealthCheck } from '@verbatim/service-kit';
import type { Signer } from '@verbatim/tlog';
import type { Database } from 'better-sqlite3';
import type { Follower } from './follower.ts';

/** A checkpoint is fresh for this long, or for three looks at the log. */
const FRESH_MS = 60_000;

export interface HealthSources {
  readonly db: Database;
  readonly signer: Signer;
  readonly follower: Pick<Follower, 'checkpoint' | 'trouble'>;
  readonly pollMs: number;
}

/** What `/readyz` asks: can this node remember, sign, and see the log? */
export function healthChecks({ db, signer, follower, pollMs }: HealthSources): HealthCheck[] {
  return [
    {
      name: 'database',
      check() {
        // A write that changes nothing, so that a full or read-only disk shows.
        db.prepare('UPDATE follow SET next_index = next_index').run();
        return { ok: true };
      },
    },
    {
      name: 'key',
      check: () => ({ ok: signer.sign(new Uint8Array()).length === 64, detail: signer.name }),
    },
    {
      name: 'log',
      check() {
        const { checkpoint, trouble } = follower;
        if (trouble !== null) return { ok: false, detail: trouble };
        if (checkpoint === null) return { ok: false, detail: 'no checkpoint verified yet' };
        const age = Date.now() - checkpoint.verifiedAt;
        const detail = `${checkpoint.size} entries, verified ${Math.round(age / 1000)} s ago`;
        return { ok: age <= Math.max(FRESH_MS, 3 * pollMs), detail };
      },
    },
  ];
}
