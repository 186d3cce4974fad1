import { LogReader, fsck, openSource, type FsckReport } from '@verbatim/client';
import { exitCodeOf } from '@verbatim/consensus';
import { counted, decodeEntry } from '@verbatim/statements';
import { toHex, type Checkpoint } from '@verbatim/tlog';
import { describeError } from '../errors.ts';
import { paint, printable } from '../io.ts';
import type { Io } from '../io.ts';
import { resolveLog } from './address.ts';

export interface FsckOptions {
  readonly log?: string;
  readonly vkey?: string;
  readonly policy?: string;
  readonly anyEntries?: boolean;
  readonly json?: boolean;
}

/** As the verdicts of verify have them: the log is caught at something, or could not be read (DESIGN §3.13). */
const EXIT = { sound: 0, unsound: exitCodeOf('log-misbehaviour') } as const;
const PROGRESS_EVERY = 4096n;

/** `verbatim log fsck`: every entry, every tile and the signed root of a log, over HTTP or in a folder, held against each other. */
export async function fsckLog(options: FsckOptions, io: Io): Promise<number> {
  const { log, vkey, policy, json = false, anyEntries = false } = options;
  const { url, key, root } = resolveLog({ log, logVkey: vkey, policy }, io.env);
  const source = await openSource(url);
  try {
    // Without a memory: this log is judged by itself, be it a copy or a restored one.
    const { checkpoint } = await new LogReader({ source, logKey: key, ...(root && { root }) }).latest();
    const onProgress = (entries: bigint): void => {
      if (io.terminal === true && entries % PROGRESS_EVERY === 0n) io.err(`${entries} of ${checkpoint.size} entries\n`);
    };
    const report = await fsck(source, checkpoint, { onProgress, ...(anyEntries ? {} : { checkEntry: asStatement }) });
    const exitCode = report.findings.length === 0 ? EXIT.sound : EXIT.unsound;
    io.out(json ? toJson(checkpoint, report, exitCode) : toText(checkpoint, report, io));
    return exitCode;
  } finally {
    await source.close();
  }
}

/** What a log of ours admits at all: one spelling of one of its statements. */
function asStatement(_: bigint, entry: Uint8Array): string | null {
  try {
    decodeEntry(entry);
    return null;
  } catch (error) {
    return describeError(error);
  }
}

function toJson({ origin, size, root }: Checkpoint, { entries, tiles, findings }: FsckReport, exitCode: number): string {
  const checkpoint = { origin, size: Number(size), root: toHex(root) };
  return `${JSON.stringify({ schemaVersion: 1, exitCode, checkpoint, entries: Number(entries), tiles, findings }, null, 2)}\n`;
}

function toText({ origin, size, root }: Checkpoint, { entries, tiles, findings }: FsckReport, io: Io): string {
  const headline = findings.length === 0 ? paint(io, 'green', '✓ sound') : paint(io, 'red', '✗ not what the log signed');
  const lines = [
    `${headline}  ${printable(origin)}, size ${size}`,
    `  root ${toHex(root)}`,
    `  ${counted(entries, 'entry', 'entries')} hashed, ${counted(tiles, 'tile')} compared with what follows from them`,
    ...findings.map(({ where, expected, found }) => `  ${printable(`${where}: expected ${expected}, found ${found}`)}`),
  ];
  return `${lines.join('\n')}\n`;
}
