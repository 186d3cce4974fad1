import { CheckpointMemory, LogReader, openSource } from '@verbatim/client';
import { decodeEntry } from '@verbatim/statements';
import type { Statement } from '@verbatim/statements';
import { hashLeaf, toHex, utf8Decode } from '@verbatim/tlog';
import { CliError, describeError } from '../errors.ts';
import { stateFolder } from '../folders.ts';
import { printable } from '../io.ts';
import type { Io } from '../io.ts';
import { resolveLog } from './address.ts';
import { entryIndex } from './entry-index.ts';

export interface EntriesOptions {
  readonly log?: string;
  readonly vkey?: string;
  readonly policy?: string;
  readonly from: string;
  readonly to?: string;
  readonly json?: boolean;
}

/** `verbatim log entries`: prints each entry once it is proved to be in the newest tree that the log signed. */
export async function printEntries({ log, vkey, policy, from, to, json }: EntriesOptions, io: Io): Promise<void> {
  const { url, key, ...pinned } = resolveLog({ log, logVkey: vkey, policy }, io.env);
  const source = await openSource(url);
  try {
    const memory = new CheckpointMemory(stateFolder(io.env), { onWarning: (message) => io.err(`warning: ${printable(message)}\n`) });
    const { checkpoint, tree } = await new LogReader({ source, logKey: key, ...pinned, memory }).latest();
    const [start, end] = [entryIndex('--from', from), to === undefined ? checkpoint.size : entryIndex('--to', to)];
    if (end > checkpoint.size)
      throw new CliError('usage', `--to: expected at most ${checkpoint.size}, which is the log's size, found ${end}`);
    io.err(`${checkpoint.origin}, size ${checkpoint.size}\n`);
    for await (const { index, entry } of tree.entries(start, end)) io.out(json ? toJson(index, entry) : toText(index, entry));
  } finally {
    await source.close();
  }
}

function toJson(index: bigint, entry: Uint8Array): string {
  const common = { index: Number(index), leafHash: toHex(hashLeaf(entry)) };
  try {
    const { envelope, statement } = decodeEntry(entry);
    return `${JSON.stringify({ ...common, keyids: envelope.signatures.map(({ keyid }) => keyid), statement })}\n`;
  } catch (error) {
    return `${JSON.stringify({ ...common, error: describeError(error), entry: asText(entry) })}\n`;
  }
}

function asText(entry: Uint8Array): string | null {
  try {
    return utf8Decode(entry);
  } catch {
    return null;
  }
}

function toText(index: bigint, entry: Uint8Array): string {
  try {
    return `${index}  ${printable(summary(decodeEntry(entry).statement))}\n`;
  } catch (error) {
    return `${index}  not a statement: ${printable(describeError(error))}\n`;
  }
}

function summary({ predicateType, predicate, subject }: Statement): string {
  if (predicateType === 'urn:verbatim:release:v1') {
    const { purl, claim, part, artifacts } = predicate;
    return `release ${purl} (${part.index} of ${part.of}) by a ${claim.kind}: ${artifacts.map(({ name }) => name).join(', ')}`;
  }
  if (predicateType === 'urn:verbatim:observation:v1') {
    const { result, reason, artifact, release, attempt, observed, rebuilder } = predicate;
    const what = observed === null ? (reason ?? '') : `sha256:${observed.sha256}`;
    return `observation ${result} of ${artifact} of entry ${release.index}, attempt ${attempt}, by ${rebuilder.slice(0, 8)}: ${what}`;
  }
  if (predicateType === 'urn:verbatim:roster:v1') return `roster ${predicate.action} ${predicate.role} ${subject[0]!.name}`;
  return `control ${predicate.action}`;
}
