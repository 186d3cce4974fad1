import { CheckpointMemory, LogReader, openSource } from '@verbatim/client';
import { formatTlogProof } from '@verbatim/tlog';
import { CliError } from '../errors.ts';
import { stateFolder } from '../folders.ts';
import { printable } from '../io.ts';
import type { Io } from '../io.ts';
import { resolveLog } from './address.ts';
import { entryIndex } from './entry-index.ts';

export interface ProofOptions {
  readonly log?: string;
  readonly vkey?: string;
  readonly policy?: string;
  readonly output: string;
  readonly entry?: string;
}

/** `verbatim log proof`: one entry's inclusion as a C2SP `.tlog-proof`, with the newest checkpoint and its cosignatures as the log serves them. */
export async function exportProof(index: string, { log, vkey, policy, output, entry: entryFile }: ProofOptions, io: Io): Promise<void> {
  const { url, key, ...pinned } = resolveLog({ log, logVkey: vkey, policy }, io.env);
  const source = await openSource(url);
  try {
    const memory = new CheckpointMemory(stateFolder(io.env), { onWarning: (message) => io.err(`warning: ${printable(message)}\n`) });
    const { note, checkpoint, tree } = await new LogReader({ source, logKey: key, ...pinned, memory }).latest();
    const at = entryIndex('<index>', index);
    if (at >= checkpoint.size) throw new CliError('usage', `expected an entry below ${checkpoint.size}, the log's size, found ${at}`);
    const { entry, proof } = await tree.proved(at);
    const { durable } = await import('@verbatim/service-kit/durable');
    await durable.writeFile(output, formatTlogProof({ index: at, proof: [...proof], checkpoint: note }));
    if (entryFile !== undefined) await durable.writeFile(entryFile, entry);
  } finally {
    await source.close();
  }
}
