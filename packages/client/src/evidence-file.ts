/** Evidence that a log misbehaved, in a file: written durably before anybody is told. */
import { sha256, toBase64, toHex, utf8Decode, utf8Encode, type Hash, type VerifierKey } from '@verbatim/tlog';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Exhibit, LogMisbehaviour, type MisbehaviourCode } from './errors.ts';
import type { Remembered } from './note-store.ts';
import { writeDurably } from './state-files.ts';

const MEDIA_TYPE = 'application/vnd.verbatim.misbehaviour+json;version=1';

export interface Accusation {
  readonly code: MisbehaviourCode;
  /** What the log did, for people. */
  readonly what: string;
  readonly logKey: VerifierKey;
  /** What the log had signed before; null when this is the first look at it. */
  readonly remembered: Remembered | null;
  /** What it signed now; null when its checkpoint cannot be read. */
  readonly served: Remembered | null;
  /** Between the two sizes, as far as it could be read. */
  readonly proof?: readonly Hash[];
  readonly exhibits?: readonly Exhibit[];
  /** What else somebody needs who checks it; JSON values. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * Saves the evidence in `folder`, or below the folder for temporary files when that fails, and returns what is to be thrown. The notes
 * speak for themselves: anybody who knows the log's key can check them.
 *
 * @param folder null when nothing is kept on this machine but temporary files
 * @param warn told about each folder that cannot be written
 */
export async function accuse(accusation: Accusation, folder: string | null, warn: (message: string) => void): Promise<LogMisbehaviour> {
  const { code, what, logKey, cause } = accusation;
  const evidencePath = await save(accusation, folder, warn);
  const where = evidencePath === null ? 'the evidence could not be saved' : `evidence: ${evidencePath}`;
  return new LogMisbehaviour(code, `${logKey.name} ${what}; ${where}`, { evidencePath, cause });
}

async function save(accusation: Accusation, folder: string | null, warn: (message: string) => void): Promise<string | null> {
  const bytes = utf8Encode(`${JSON.stringify(asJson(accusation), null, 2)}\n`);
  const name = `${accusation.code}-${toHex(sha256(bytes)).slice(0, 16)}.json`;
  for (const target of [...(folder === null ? [] : [folder]), join(tmpdir(), 'verbatim-evidence')]) {
    try {
      await writeDurably(target, name, bytes);
      return join(target, name);
    } catch (error) {
      warn(`cannot save evidence in ${target}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return null;
}

function asJson({ code, what, logKey, remembered, served, proof = [], exhibits = [], details = {} }: Accusation): object {
  return {
    mediaType: MEDIA_TYPE,
    code,
    origin: logKey.name,
    logKey: logKey.text,
    what,
    remembered: remembered === null ? null : utf8Decode(remembered.note),
    served: served === null ? null : utf8Decode(served.note),
    ...(remembered === null || served === null ? {} : { consistency: consistency(remembered, served, proof) }),
    ...(exhibits.length === 0 ? {} : { exhibits: exhibits.map(({ path, bytes }) => ({ path, bytes: toBase64(bytes) })) }),
    ...details,
  };
}

function consistency(a: Remembered, b: Remembered, proof: readonly Hash[]): object {
  const [older, newer] = a.checkpoint.size <= b.checkpoint.size ? [a, b] : [b, a];
  return { from: String(older.checkpoint.size), to: String(newer.checkpoint.size), proof: proof.map(toBase64) };
}
