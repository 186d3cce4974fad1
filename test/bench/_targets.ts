import type { RunningLog } from '../_log.ts';
import type { Target } from './_load.ts';

/** Our log service. */
export function logTarget(log: RunningLog): Target {
  return {
    pid: log.pid,
    async send(entries) {
      const { status, body } = entries.length === 1 ? await log.submit(entries[0]!) : await log.submitBatch(entries);
      const refused = (body['results'] as { status: number }[] | undefined)?.find((result) => result.status !== 200);
      if (status === 200 && refused === undefined) return 'published';
      if (status === 503 || status === 429) return 'busy';
      throw new Error(`refused: ${status} ${JSON.stringify(refused ?? body)}`);
    },
  };
}
