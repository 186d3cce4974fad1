/**
 * What rebuilders serve themselves because the log has not taken it (DESIGN §3.5): `GET observations/unlogged?release=INDEX`. Nothing is
 * verified here but sizes and shapes: `hear` of the consensus package checks every signature.
 */
import { utf8Encode } from '@verbatim/tlog';
import { MAX_ENTRY_BYTES } from '@verbatim/statements';
import { ClientError } from './errors.ts';
import { HttpClient } from './http.ts';
import { parseObject } from './problem.ts';

/** Of one answer: 32 entries as JSON strings. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** Answers about one release. More attempts than this are more than anybody makes. */
const MAX_PAGES = 8;
/** Releases that one rebuilder is asked about: others may claim a file under any number of names. */
const MAX_RELEASES = 8;
const TIMEOUT_MS = 5000;

/** Somebody who may be asked. */
export interface Askable {
  readonly name: string;
  /** Where it serves what it signed; null when the policy does not say. */
  readonly url: string | null;
}

export interface AskedRebuilder {
  readonly rebuilder: string;
  /** Envelopes, as served. */
  readonly entries: readonly Uint8Array[];
  /** Why there is nothing, or not everything, in words; null when all was read. */
  readonly trouble: string | null;
}

/** Asks everybody who has an address, at once. Whoever does not answer is trouble, never an exception. */
export async function askRebuilders(rebuilders: readonly Askable[], releases: readonly bigint[]): Promise<AskedRebuilder[]> {
  const client = new HttpClient();
  try {
    const asked = rebuilders.flatMap(({ name, url }) => (url === null ? [] : [ask(client, name, url, releases)]));
    return await Promise.all(asked);
  } finally {
    await client.close();
  }
}

async function ask(client: HttpClient, rebuilder: string, url: string, releases: readonly bigint[]): Promise<AskedRebuilder> {
  const entries: Uint8Array[] = [];
  try {
    for (const release of releases.slice(0, MAX_RELEASES)) for await (const page of pages(client, url, release)) entries.push(...page);
    const trouble = releases.length > MAX_RELEASES ? `asked about the first ${MAX_RELEASES} of ${releases.length} releases only` : null;
    return { rebuilder, entries, trouble };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return { rebuilder, entries, trouble: error.message };
  }
}

async function* pages(client: HttpClient, base: string, release: bigint): AsyncGenerator<Uint8Array[], void, undefined> {
  const prefix = base.endsWith('/') ? base : `${base}/`;
  let after = 0;
  for (let page = 0; page < MAX_PAGES; page++) {
    const url = `${prefix}observations/unlogged?release=${release}&after=${after}`;
    const { status, body } = await client.exchange({ method: 'GET', url, limit: MAX_ANSWER_BYTES, timeoutMs: TIMEOUT_MS });
    if (status !== 200) throw new ClientError('bad-status', `${url}: expected status 200, found ${status}`);
    const answer = parseUnlogged(body, url);
    yield answer.entries;
    if (answer.next === null) return;
    if (answer.next <= after) throw new ClientError('malformed', `${url}: its pages do not move on`);
    after = answer.next;
  }
  throw new ClientError('too-large', `${base}: expected at most ${MAX_PAGES} answers about entry ${release}`);
}

/** Throws `ClientError` 'malformed'. */
export function parseUnlogged(body: Uint8Array, what: string): { readonly entries: Uint8Array[]; readonly next: number | null } {
  const { observations, next } = parseObject(body);
  if (!Array.isArray(observations)) throw new ClientError('malformed', `${what}: expected a list of observations`);
  const entries = observations.map((observation: unknown) => {
    const { entry } = (typeof observation === 'object' && observation !== null ? observation : {}) as Record<string, unknown>;
    if (typeof entry !== 'string' || entry.length > MAX_ENTRY_BYTES || !entry.isWellFormed()) {
      throw new ClientError('malformed', `${what}: expected every entry as a text of at most ${MAX_ENTRY_BYTES} bytes`);
    }
    return utf8Encode(entry);
  });
  if (next === null || next === undefined) return { entries, next: null };
  if (typeof next !== 'number' || !Number.isSafeInteger(next))
    throw new ClientError('malformed', `${what}: expected next as a whole number`);
  return { entries, next };
}
