import { setTimeout as sleep } from 'node:timers/promises';
import { decodeEntry, PREDICATE } from '@verbatim/statements';

const POLL_MS = 1000;
/** Longest look-up answer and entry that progress is read from, in bytes. */
const MAX_ANSWER = 1 << 20;

export interface Observed {
  readonly index: number;
  readonly rebuilder: string;
  readonly artifact: string;
  readonly result: string;
  readonly reason: string | null;
  readonly host: string;
  readonly seconds: number;
}

/**
 * Yields each observation about a release as the log publishes it. For the progress display only: nothing here is verified, the verdict
 * reads and verifies everything again.
 */
export async function* watchObservations(url: string, purl: string, signal: AbortSignal): AsyncGenerator<Observed> {
  const seen = new Set<number>();
  for (;;) {
    const { entries } = JSON.parse(await get(`${url}/lookup/release?purl=${encodeURIComponent(purl)}`, signal)) as { entries: number[] };
    for (const index of entries.filter((each) => !seen.has(each))) {
      seen.add(index);
      const { statement } = decodeEntry(new TextEncoder().encode(await get(`${url}/entries/${index}`, signal)));
      if (statement.predicateType !== PREDICATE.observation) continue;
      const { rebuilder, artifact, result, reason, platform, started, finished } = statement.predicate;
      yield {
        index,
        rebuilder,
        artifact,
        result,
        reason,
        host: platform.host,
        seconds: (Date.parse(finished) - Date.parse(started)) / 1000,
      };
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}

async function get(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { headers: { accept: 'application/json' }, signal });
  const text = await response.text();
  if (!response.ok || text.length > MAX_ANSWER)
    throw new Error(`GET ${url}: expected 200 and at most ${MAX_ANSWER} bytes, found ${response.status}, ${text.length} bytes`);
  return text;
}
