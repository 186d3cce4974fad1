import { setTimeout as sleep } from 'node:timers/promises';
import { lookupKey } from '@verbatim/index-map';
import { decodeEntry, PREDICATE, type ObservationStatement } from '@verbatim/statements';
import { toHex } from '@verbatim/tlog';

const POLL_MS = 1000;
/** Longest look-up answer and entry that progress is read from, in bytes. */
const MAX_ANSWER = 1 << 20;

type Predicate = ObservationStatement['predicate'];

export interface Observed extends Pick<Predicate, 'attempt' | 'toolchain' | 'vcs'> {
  readonly index: number;
  /** Index of the release that it is about. */
  readonly release: number;
  readonly rebuilder: string;
  readonly artifact: string;
  readonly result: string;
  readonly reason: string | null;
  readonly host: string;
  readonly seconds: number;
  /** Hex SHA-256; and h1 of an output that is a Go module's zip. */
  readonly digests: { readonly claimed: string | null; readonly observed: string | null; readonly h1: string | null };
  /** Hex SHA-256 of the blob, when there is one. */
  readonly buildLog: string | null;
}

/**
 * Yields each observation about a release as the log publishes it. For the progress display only: nothing here is verified, the verdict
 * reads and verifies everything again.
 */
export async function* watchObservations(url: string, purl: string, signal: AbortSignal): AsyncGenerator<Observed> {
  const seen = new Set<number>();
  for (;;) {
    const answer = await get(`${url}/index?lookup=${toHex(lookupKey('release', purl))}`, signal);
    const { lookups } = JSON.parse(answer) as { lookups: [{ entries: number[] }] };
    for (const index of lookups[0].entries.filter((each) => !seen.has(each))) {
      seen.add(index);
      const { statement } = decodeEntry(new TextEncoder().encode(await get(`${url}/entries/${index}`, signal)));
      if (statement.predicateType !== PREDICATE.observation) continue;
      yield observed(index, statement.predicate);
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}

function observed(index: number, predicate: Predicate): Observed {
  const { release, platform, started, finished, claimed, observed: output, evidence } = predicate;
  const { rebuilder, artifact, attempt, result, reason, toolchain, vcs } = predicate;
  return {
    ...{ index, release: release.index, rebuilder, artifact, attempt, result, reason, toolchain, vcs },
    host: platform.host,
    seconds: (Date.parse(finished) - Date.parse(started)) / 1000,
    digests: { claimed: claimed?.sha256 ?? null, observed: output?.sha256 ?? null, h1: output?.h1 ?? null },
    buildLog: evidence.find(({ kind }) => kind === 'build-log')?.sha256 ?? null,
  };
}

async function get(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { headers: { accept: 'application/json' }, signal });
  const text = await response.text();
  if (!response.ok || text.length > MAX_ANSWER)
    throw new Error(`GET ${url}: expected 200 and at most ${MAX_ANSWER} bytes, found ${response.status}, ${text.length} bytes`);
  return text;
}
