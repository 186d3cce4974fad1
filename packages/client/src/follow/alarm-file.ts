/** That a log was caught, kept beyond the process that caught it. */
import { utf8Decode, utf8Encode } from '@verbatim/tlog';
import { basename, dirname } from 'node:path';
import { LogMisbehaviour } from '../errors.ts';
import { readIfThere, writeDurably } from '../state-files.ts';

interface Kept {
  readonly code: 'fork' | 'bad-successor';
  readonly detail: string;
  readonly evidence: string | null;
}

/**
 * Two histories that the log signed, or that its root key signed and one of two logs denies. Of everything else (bytes that fit no checkpoint, one
 * that nobody signed) whoever stands between us and the log may be the author: it stops this process, and the next one looks again.
 */
export function isProved(error: LogMisbehaviour): boolean {
  return error.code === 'bad-successor' || (error.code === 'fork' && error.cause === undefined);
}

/** @throws LogMisbehaviour when an alarm is kept there, in whatever state: somebody has to look */
export async function checkAlarm(file: string): Promise<void> {
  const bytes = await readIfThere(dirname(file), basename(file));
  if (bytes === null) return;
  const { code, detail, evidence } = decode(bytes);
  const advice = `the alarm is kept in ${file}, and nothing of this log is followed: find out what happened, publish the evidence, and remove that file to go on`;
  throw new LogMisbehaviour(code, `${detail}; ${advice}`, { evidencePath: evidence });
}

/** Durable when it returns. Throws what the file system throws. */
export async function keepAlarm(file: string, { code, message, evidencePath }: LogMisbehaviour): Promise<void> {
  const kept = { code, detail: message, evidence: evidencePath };
  await writeDurably(dirname(file), basename(file), utf8Encode(`${JSON.stringify(kept, null, 2)}\n`));
}

function decode(bytes: Uint8Array): Kept {
  const unknown: Kept = { code: 'fork', detail: 'the log was caught before, and how cannot be read any more', evidence: null };
  try {
    const { code, detail, evidence } = JSON.parse(utf8Decode(bytes)) as Partial<Record<keyof Kept, unknown>>;
    if (typeof detail !== 'string' || (code !== 'fork' && code !== 'bad-successor')) return unknown;
    return { code, detail, evidence: typeof evidence === 'string' ? evidence : null };
  } catch {
    return unknown;
  }
}
