import {
  catchUp,
  CheckpointMemory,
  describeFinding,
  IndexAuditor,
  logFolderName,
  LogReader,
  MemoryAuditStore,
  openSource,
  ReaderAt,
  readHistory,
  rememberAudited,
  type AuditReport,
  type AuditStore,
  type FollowConsumer,
} from '@verbatim/client';
import { exitCodeOf } from '@verbatim/consensus';
import { decodeEnvelope, keyidOfVkey } from '@verbatim/statements';
import { parseCheckpoint, parseNote, toHex, type Checkpoint, type VerifierKey } from '@verbatim/tlog';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CliError } from '../errors.ts';
import { stateFolder } from '../folders.ts';
import { paint, printable } from '../io.ts';
import type { Io } from '../io.ts';
import { resolveLog } from './address.ts';
import type { NamedLog } from './address.ts';

export interface AuditOptions {
  readonly log?: string;
  readonly vkey?: string;
  readonly policy?: string;
  /** Where the rebuilt index is kept. */
  readonly data?: string;
  readonly json?: boolean;
}

const PROGRESS_EVERY = 4096n;
const HISTORY_TIMEOUT_MS = 60_000;
/** The log's first batch is its genesis. */
const FIRST_INDEX_ROOT = 1n;
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
  const { url, ...keys } = resolveLog({ log: named, logVkey: options.vkey, policy: options.policy }, io.env);
  const audited = await audit(url, keys, options, io);
  const exitCode = audited.report.findings.length === 0 ? EXIT.sound : EXIT.unsound;
  io.out(options.json === true ? toJson(audited, exitCode) : toText(audited, io));
  return exitCode;
}

/**
 * Reads what is new, and remembers the checkpoint when all of the index is right.
 * @param at up to this checkpoint, whose log signature was verified; the newest by default
 */
export async function audit(
  url: string,
  { key, root }: Omit<NamedLog, 'url'>,
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
    const options = { source, logKey: key, ...(root && { root }), memory };
    const reader = at === undefined ? new LogReader(options) : new ReaderAt(options, at);
    const earlierKeys = root === undefined ? [] : await earlierKeysOf(reader, root);
    const auditor = new IndexAuditor({ logKey: key, earlierKeys, store, evidenceFolder, onWarning });
    const before = auditor.position()?.next ?? 0n;
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

/** Keys that the log had before this one: the policy may be younger than a rotation. */
async function earlierKeysOf(reader: LogReader, root: VerifierKey): Promise<VerifierKey[]> {
  const { tree, checkpoint } = await reader.latest();
  if (checkpoint.size <= FIRST_INDEX_ROOT || isSignedBy(reader.logKey, await tree.entry(FIRST_INDEX_ROOT))) return [];
  const { history } = await readHistory(reader, root, AbortSignal.timeout(HISTORY_TIMEOUT_MS));
  const own = history.eras.find(({ origin }) => origin === reader.logKey.name);
  return (own?.terms.log ?? []).map(({ key }) => key).filter(({ text }) => text !== reader.logKey.text);
}

/** By its own words: the audit verifies the signature. */
function isSignedBy(key: VerifierKey, entry: Uint8Array): boolean {
  try {
    return decodeEnvelope(entry).signatures.some(({ keyid }) => keyid === keyidOfVkey(key));
  } catch {
    return false;
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
