/** What apt's words come to. Unknown words are `fetch-failed`, which is worth another try. */
import { unavailable, type Unavailable, type UnavailableReason } from '../outcome.ts';
import type { ToolResult } from '../process.ts';

const REASONS: readonly (readonly [RegExp, UnavailableReason])[] = [
  [/Hash Sum mismatch|NO_PUBKEY|BADSIG|GPG error|is not signed|cannot be authenticated/i, 'checksum-mismatch'],
  [/No space left on device|disk quota exceeded/i, 'host-disk-full'],
  [/Could not resolve|Could not connect|Unable to connect|Connection (?:failed|refused|reset)|timed out|50\d  /i, 'network'],
  [
    /Version '[^']*' for '[^']*' was not found|Unable to locate package|Unable to find a source package|Can(?:not|'t) find|40[34]  |does not have a Release file/i,
    'package-unavailable',
  ],
];

export function aptReason(said: string): UnavailableReason {
  return REASONS.find(([pattern]) => pattern.test(said))?.[1] ?? 'fetch-failed';
}

/** @param what what apt was asked for, for people */
export function aptFailure(what: string, { ended, stdout, stderr }: ToolResult, timeout: number): Unavailable {
  if (ended === 'timeout') return unavailable('fetch-timeout', `${what} took more than ${timeout / 1000} s`);
  // Warnings come first; an error says why.
  const errors = `${stdout}\n${stderr}`.split('\n').filter((line) => /^(?:E|Err):|^\s+\d{3}  /.test(line));
  const said = errors.length === 0 ? stderr : errors.join('\n');
  return unavailable(aptReason(said), `${what}: ${said}`);
}
