import { CheckpointMemory, LogReader, openSource, readHistory } from '@verbatim/client';
import type { LoggedControl, ReadHistory } from '@verbatim/client';
import { exitCodeOf } from '@verbatim/consensus';
import type { AdmissionTerm, Era, Office } from '@verbatim/consensus';
import { counted } from '@verbatim/statements';
import { parseVkey } from '@verbatim/tlog';
import type { VerifierKey } from '@verbatim/tlog';
import { CliError } from '../errors.ts';
import { stateFolder } from '../folders.ts';
import { paint, printable } from '../io.ts';
import type { Io } from '../io.ts';
import { keyOf, resolveLog } from './address.ts';
import { describe } from './control.ts';

export interface StatusOptions {
  readonly log?: string;
  readonly vkey?: string;
  readonly root?: string;
  readonly policy?: string;
  readonly json?: boolean;
}

const OFFICES: readonly Office[] = ['log', 'root', 'admin'];
const TIMEOUT_MS = 60_000;

/** `verbatim log status`: what holds now, by control entries that lead back to the root key, and since which of them. 4 when the log does not prove that these are all. */
export async function printStatus({ log, vkey, root: named, policy, json = false }: StatusOptions, io: Io): Promise<number> {
  const { url, key, root } = resolveLog({ log, logVkey: vkey, policy }, io.env);
  const anchor = named === undefined ? root : keyOf(named);
  if (anchor === undefined) throw new CliError('usage', 'name the log’s root key with --root, or a policy that pins it');
  const source = await openSource(url);
  try {
    const memory = new CheckpointMemory(stateFolder(io.env), { onWarning: (message) => io.err(`warning: ${printable(message)}\n`) });
    const reader = new LogReader({ source, logKey: key, root: anchor, memory });
    const found = await readHistory(reader, anchor, AbortSignal.timeout(TIMEOUT_MS));
    const exitCode = found.history.findings.length > 0 ? exitCodeOf('log-misbehaviour') : found.complete ? 0 : exitCodeOf('unavailable');
    io.out(json ? toJson(found, exitCode) : toText(found, io));
    return exitCode;
  } finally {
    await source.close();
  }
}

/** What holds in the log that was read, which is the last era's. */
function present({ history }: ReadHistory): { era: Era; admission: AdmissionTerm | null } {
  const era = history.eras.at(-1)!;
  return { era, admission: era.admission.at(-1) ?? null };
}

function toJson(found: ReadHistory, exitCode: number): string {
  const { view, history, entries, complete } = found;
  const { era, admission } = present(found);
  const keys = Object.fromEntries(
    OFFICES.map((office) => [office, era.terms[office].map(({ key, since }) => ({ vkey: key.text, since: toNumber(since) }))]),
  );
  const { successor } = history;
  return `${JSON.stringify({
    schemaVersion: 1,
    exitCode,
    origin: era.origin,
    size: Number(view.checkpoint.size),
    complete,
    keys,
    admission: admission === null ? null : { ...admission, since: toNumber(admission.since) },
    frozen: era.frozen === null ? null : { ...era.frozen, index: toNumber(era.frozen.index) },
    successor: successor === null ? null : { ...successor, index: toNumber(successor.index) },
    entries: entries.map(({ index, predicate }) => ({ index: toNumber(index), predicate })),
    findings: history.findings.map(({ code, index, message }) => ({ code, index: toNumber(index), message })),
  })}\n`;
}

const toNumber = (index: bigint | null): number | null => (index === null ? null : Number(index));

function toText(found: ReadHistory, io: Io): string {
  const { view, history, entries, complete } = found;
  const { era, admission } = present(found);
  const { frozen } = era;
  const { successor } = history;
  const state =
    successor !== null ? paint(io, 'yellow', 'ended') : frozen !== null ? paint(io, 'yellow', 'frozen') : paint(io, 'green', 'open');
  const keys = OFFICES.map((office) => {
    const { key, since } = era.terms[office].at(-1) ?? {};
    return `  ${office.padEnd(9)} ${keyLine(key, since ?? null)}`;
  });
  const facts = [
    ...keys,
    `  admits    ${admission === null ? 'everything that the rules allow' : `${limitsOf(admission)}, since entry ${admission.since}`}`,
    ...(frozen === null ? [] : [`  frozen    since entry ${frozen.index}${frozen.reason === null ? '' : `: ${frozen.reason}`}`]),
    ...(successor === null ? [] : [`  successor ${parseVkey(successor.vkey).name} at ${successor.url}, since entry ${successor.index}`]),
    '',
    `Control entries${complete ? ', all by the log’s index root' : '; the log did not prove that they are all'}:`,
    ...entries.map((entry) => `  ${historyLine(entry)}`),
    ...history.findings.map(({ message }) => `✗ ${message}`),
    ...adviceFor(found),
  ];
  return [`${printable(era.origin)}, size ${view.checkpoint.size}: ${state}`, ...facts.map(printable), ''].join('\n');
}

function adviceFor({ history }: ReadHistory): string[] {
  const { successor } = history;
  if (successor !== null) return ['', `Read the log on at ${successor.url}; a policy that names it spares the way over this one.`];
  if (history.eras.at(-1)!.frozen === null) return [];
  return ['', 'Nothing new is logged here. Ask the log’s operator where it goes on.'];
}

function keyLine(key: VerifierKey | undefined, since: bigint | null): string {
  if (key === undefined) return 'not known: entry 0 was not shown';
  return `${key.text}${since === null ? '' : `, since entry ${since}`}`;
}

function limitsOf({ claims, attempts, approvals }: AdmissionTerm): string {
  const whose = claims.length === 0 ? 'no releases' : `releases by a ${claims.join(' or a ')}`;
  return `${whose}, ${counted(attempts, 'attempt')} at most, ${counted(approvals, 'approval')} at least`;
}

const historyLine = ({ index, predicate }: LoggedControl): string => `${String(index).padStart(6)}  ${describe(predicate)}`;
