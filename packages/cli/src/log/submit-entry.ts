import { decodeEntry, MAX_ENTRY_BYTES } from '@verbatim/statements';
import { CliError } from '../errors.ts';
import { readWhole } from '../files.ts';
import type { Io } from '../io.ts';
import { printSubmitted, submit } from '../submit.ts';

export interface SubmitEntryOptions {
  readonly log?: string;
  readonly vkey?: string;
  readonly policy?: string;
  readonly json?: boolean;
}

/** `verbatim log submit`: sends a signed entry of any kind and waits until it is published and proved. */
export async function submitEntry(file: string, { json, vkey, ...where }: SubmitEntryOptions, io: Io): Promise<void> {
  const entry = readWhole(file, MAX_ENTRY_BYTES);
  try {
    decodeEntry(entry);
  } catch (cause) {
    throw new CliError('file', `${file} is no signed entry`, { cause });
  }
  const log = { ...where, ...(vkey === undefined ? {} : { logVkey: vkey }) };
  printSubmitted(await submit(entry, log, io), json, io);
}
