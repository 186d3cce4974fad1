/** Where a log is read: a web server or a folder, both under the paths of C2SP tlog-tiles. */
import { ClientError } from './errors.ts';

export interface ReadOptions {
  /** Longest acceptable answer in bytes. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Source {
  readonly location: string;
  /** Whether it may answer `index?lookup=…`; a folder does not, and is read whole instead. */
  readonly hasLookup: boolean;
  /** The bytes at a path below the log's prefix; null when there is nothing. Throws `ClientError`. */
  get(path: string, options: ReadOptions): Promise<Uint8Array | null>;
  close(): Promise<void>;
}

/**
 * The source of a log at `http://…`, `https://…` or `file:///…`. Nothing is opened yet.
 * Throws `ClientError` 'unusable' for any other address.
 */
export async function openSource(location: string): Promise<Source> {
  const url = URL.parse(location);
  if (url === null || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') throw unusable(location);
  switch (url.protocol) {
    case 'http:':
    case 'https:':
      return new (await import('./http-source.ts')).HttpSource(url);
    case 'file:':
      return new (await import('./file-source.ts')).FileSource(url);
    default:
      throw unusable(location);
  }
}

function unusable(location: string): ClientError {
  return new ClientError('unusable', `expected a log at http://…, https://… or file:///…, found ${JSON.stringify(location.slice(0, 200))}`);
}
