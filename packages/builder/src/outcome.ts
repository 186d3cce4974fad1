import { escapeText } from './sandbox/escape.ts';

/** What the fetch stage says when an input cannot be had, is not what it should be, or must not be one. */
export interface Origin {
  readonly revision: string;
  readonly ref: string | null;
  /** Of the revision, as `YYYY-MM-DDTHH:MM:SSZ`, where somebody says. */
  readonly time?: string | null;
}

export type UnavailableReason =
  /** What was served is not what the checksum database, go.sum or the recipe says. */
  | 'checksum-mismatch'
  | 'not-in-checksum-database'
  | 'module-unavailable'
  /** A Debian package, or a file of a source package, is in no suite that the recipe names. */
  | 'package-unavailable'
  /** The files of a Debian source package do not make a source. */
  | 'bad-source'
  /** The packages of a Debian system do not make one. */
  | 'root-failed'
  | 'toolchain-unavailable'
  | 'commit-unavailable'
  /** An input, or a file in it, is one of the release's own artifacts (DESIGN §3.9). */
  | 'artifact-among-inputs'
  | 'inputs-too-large'
  /** The source has a symbolic link that leads out of it. */
  | 'unsafe-source'
  | 'not-a-module'
  | 'crate-unavailable'
  | 'not-a-package'
  | 'no-lockfile'
  | 'bad-lockfile'
  /** A dependency that no checksum pins. */
  | 'unsupported-dependency'
  | 'malformed-archive'
  /** The toolchain's file is not the one that the recipe patches. */
  | 'patch-mismatch'
  | 'fetch-timeout'
  | 'network'
  | 'host-disk-full'
  | 'fetch-failed';

export interface Unavailable {
  readonly kind: 'unavailable';
  readonly reason: UnavailableReason;
  readonly detail: string;
  /** Whether another try may well succeed. */
  readonly transient: boolean;
}

const TRANSIENT: ReadonlySet<UnavailableReason> = new Set(['network', 'host-disk-full', 'fetch-timeout', 'fetch-failed'] as const);
const DETAIL_CHARS = 2000;

/** @param detail for people. Clients repeat what strangers wrote: it is made visible. */
export function unavailable(reason: UnavailableReason, detail: string): Unavailable {
  return { kind: 'unavailable', reason, detail: escapeText(detail.slice(0, DETAIL_CHARS)), transient: TRANSIENT.has(reason) };
}
