/** One add-entries request, as it arrives: C2SP tlog-mirror, "Processing". */
import { AddEntriesReader, packageRanges, TlogError, type AddEntriesHeader, type MirrorInfo, type PackageRange } from '@verbatim/tlog';
import type { Target } from './answers.ts';
import type { Mirror } from './mirror.ts';

export type UploadAnswer =
  /** Everything is stored and cosigned. */
  | { readonly status: 200; readonly lines: string }
  /** 202: a beginning is stored. 409: begin elsewhere. */
  | { readonly status: 202 | 409; readonly info: MirrorInfo }
  | { readonly status: 400 | 404 | 422; readonly code: string; readonly detail: string };

/** What the answer was about, for metrics. */
export interface UploadResult {
  /** A configured log's, or null. */
  readonly origin: string | null;
  /** Entries that the request brought and that hold, known ones included. */
  readonly entries: bigint;
  readonly answer: UploadAnswer;
}

/** Anything that ends a body early (the client went away, broken gzip, the deadline) counts as its end. Throws as `Mirror.addPackage` does. */
export async function receiveUpload(mirror: Mirror, body: AsyncIterable<Uint8Array>): Promise<UploadResult> {
  const reader = new AddEntriesReader(untilBroken(body));
  let header: AddEntriesHeader;
  try {
    header = await reader.header();
  } catch (error) {
    return { origin: null, entries: 0n, answer: malformed(error) };
  }
  const start = mirror.begin(header);
  if (start.status !== 'go') return { origin: start.status === 404 ? null : header.origin, entries: 0n, answer: start };
  return { origin: header.origin, ...(await receivePackages(mirror, reader, header, start.target)) };
}

async function receivePackages(
  mirror: Mirror,
  reader: AddEntriesReader,
  { origin, start, end }: AddEntriesHeader,
  target: Target,
): Promise<Pick<UploadResult, 'entries' | 'answer'>> {
  let stored = start;
  for (const range of packageRanges(start, end)) {
    const answer = await receivePackage(mirror, reader, range, target);
    if (answer === 'stored') {
      stored = range.end;
      continue;
    }
    const entries = stored - start;
    if (answer !== 'ended') return { entries, answer };
    if (entries > 0n) return { entries, answer: { status: 202, info: mirror.info(origin, target) } };
    return {
      entries,
      answer: { status: 400, code: 'incomplete', detail: `expected the entries [${range.start}, ${range.end}) and a proof` },
    };
  }
  return { entries: stored - start, answer: await mirror.commit(target) };
}

async function receivePackage(
  mirror: Mirror,
  reader: AddEntriesReader,
  range: PackageRange,
  target: Target,
): Promise<'stored' | 'ended' | UploadAnswer> {
  try {
    const received = await reader.package(range);
    if (received === null) return 'ended';
    if (await mirror.addPackage(target, received)) return 'stored';
  } catch (error) {
    return malformed(error);
  }
  const detail = `the proof does not show that the entries [${range.start}, ${range.end}) are in the tree of size ${target.checkpoint.size}`;
  return { status: 422, code: 'bad-proof', detail };
}

function malformed(error: unknown): UploadAnswer {
  if (!(error instanceof TlogError)) throw error;
  return { status: 400, code: 'malformed', detail: error.message };
}

async function* untilBroken(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } catch {
    // What arrived whole is kept, what did not is not: as if the body had ended here.
  }
}
