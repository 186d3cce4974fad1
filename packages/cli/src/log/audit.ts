import {
  catchUp,
  CheckpointMemory,
  ClientError,
  describeFinding,
  IndexAuditor,
  logFolderName,
  LogReader,
  MemoryAuditStore,
  openSource,
  ReaderAt,
  rememberAudited,
  type AuditReport,
  type AuditStore,
  type FollowConsumer,
} from '@verbatim/client';
import { exitCodeOf } from '@verbatim/consensus';
import { parseCheckpoint, parseNote, toHex, type Checkpoint, type VerifierKey } from '@verbatim/tlog';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CliError, describeError } from '../errors.ts';
import { stateFolder } from '../folders.ts';
import { paint, printable } from '../io.ts';
import type { Io } from '../io.ts';
import { resolveLog } from './address.ts';

export interface AuditOptions {
  readonly log?: string;
  readonly vkey?: string;
  readonly policy?: string;
  /** Where the rebuilt index is kept. */
  readonly data?: string;
  readonly json?: boolean;
}

const PROGRESS_EVERY = 4096n;
const EXIT = { sound: 0, unsound: exitCodeOf('log-misbehaviour') } as const;

interface Audited {
  readonly checkpoint: Checkpoint;
  /** Read by this command; the others were read by earlier ones. */
  readonly entries: bigint;
  readonly report: AuditReport;
}

/**
 * `verbatim log audit`: rebuilds the index of a log from its entries and compares every root that the log states. Audits go on where the last one
 * ended.
 * @param location a web address or a folder; the policy's log when left out
 */
export async function auditLog(location: string | undefined, options: AuditOptions, io: Io): Promise<number> {
  if (location !== undefined && options.log !== undefined)
    throw new CliError('usage', 'expected the log once: as an argument, or with --log');
  const named = location === undefined ? options.log : addressOf(location);
  const { url, key } = resolveLog({ log: named, logVkey: options.vkey, policy: options.policy }, io.env);
  try {
    const audited = await audit(url, key, options, io);
    const exitCode = audited.report.findings.length === 0 ? EXIT.sound : EXIT.unsound;
    io.out(options.json === true ? toJson(audited, exitCode) : toText(audited, io));
    return exitCode;
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    io.err(`verbatim: ${printable(describeError(error))}\n`);
    return exitCodeOf(error.verdict);
  }
}

/**
 * Reads what is new, and remembers the checkpoint when all of the index is right.
 * @param at up to this checkpoint, whose log signature was verified; the newest by default
 */
export async function audit(
  url: string,
  key: VerifierKey,
  { data, at }: Pick<AuditOptions, 'data'> & { readonly at?: { readonly note: Uint8Array; readonly checkpoint: Checkpoint } },
  io: Pick<Io, 'env' | 'err' | 'terminal'>,
): Promise<Audited> {
  const state = stateFolder(io.env);
  const onWarning = (message: string): void => io.err(`warning: ${printable(message)}\n`);
  const evidenceFolder = state === null ? null : join(state, 'evidence');
  const source = await openSource(url);
  // A copy is judged by itself: it may be older than what was seen of the log, and lie about nothing.
  const isCopy = url.startsWith('file:');
  const folder = data ?? (isCopy || state === null ? null : join(state, 'audit', logFolderName(key)));
  const store = await openStore(folder);
  try {
    const memory = new CheckpointMemory(isCopy ? null : state, { onWarning });
    const auditor = new IndexAuditor({ logKey: key, store, evidenceFolder, onWarning });
    const before = auditor.position()?.next ?? 0n;
    const options = { source, logKey: key, memory };
    const reader = at === undefined ? new LogReader(options) : new ReaderAt(options, at);
    const position = await catchUp(reader, withProgress(auditor, io), { evidenceFolder, onWarning });
    // An earlier audit may be beyond it: then it is a beginning of what was audited.
    const checkpoint = at?.checkpoint ?? parseCheckpoint(parseNote(position.checkpoint).text);
    const report = auditor.report();
    if (report.findings.length === 0 && state !== null) await rememberAudited(state, key, checkpoint);
    return { checkpoint, entries: position.next - before, report };
  } finally {
    store[Symbol.dispose]?.();
    await source.close();
  }
}

function addressOf(location: string): string {
  return URL.canParse(location) ? location : pathToFileURL(resolve(location)).href;
}

async function openStore(folder: string | null): Promise<AuditStore & Partial<Disposable>> {
  if (folder === null) return new MemoryAuditStore();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { SqliteAuditStore } = await import('@verbatim/service-kit/audit-store');
  return SqliteAuditStore.open(join(folder, 'index.sqlite'));
}

function withProgress(auditor: IndexAuditor, io: Pick<Io, 'err' | 'terminal'>): FollowConsumer {
  if (io.terminal !== true) return auditor;
  return {
    position: () => auditor.position(),
    async take(batch) {
      await auditor.take(batch);
      const { next } = batch.position;
      if (next / PROGRESS_EVERY > (batch.entries[0]?.index ?? next) / PROGRESS_EVERY)
        io.err(`${next} of ${batch.tree.checkpoint.size} entries\n`);
    },
  };
}

function toJson({ checkpoint: { origin, size, root }, entries, report: { findings, evidencePath } }: Audited, exitCode: number): string {
  const checkpoint = { origin, size: Number(size), root: toHex(root) };
  return `${JSON.stringify({ schemaVersion: 1, exitCode, checkpoint, entries: Number(entries), findings, evidence: evidencePath }, null, 2)}\n`;
}

function toText({ checkpoint: { origin, size, root }, entries, report: { findings, evidencePath } }: Audited, io: Io): string {
  const headline = findings.length === 0 ? paint(io, 'green', '✓ complete and audited') : paint(io, 'red', '✗ wrong index');
  const lines = [
    `${headline}  ${printable(origin)}, size ${size}`,
    `  root ${toHex(root)}`,
    `  ${entries} entries were read; every index root was compared with what follows from the entries before it`,
    ...findings.map((finding) => `  ${printable(describeFinding(finding))}`),
    ...(evidencePath === null ? [] : [`  evidence: ${printable(evidencePath)}`]),
  ];
  return `${lines.join('\n')}\n`;
}
