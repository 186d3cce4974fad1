import { CodedError } from '@verbatim/tlog';
import { createKeyFile, durable, loadSigner, openDatabase, type OwnedDatabase } from '@verbatim/service-kit';
import { parseTlogPolicy, parseVkey, type Signer, type TlogPolicy } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RebuilderConfig } from './config.ts';
import { MIGRATIONS } from './store/schema.ts';

export type NodeErrorCode =
  /** The key file holds the key of another name. */
  | 'wrong-key'
  /** The data folder is that of another key or of another log. */
  | 'wrong-folder'
  /** The policy file cannot be read, or is not about exactly one log. */
  | 'wrong-policy'
  /** No worker can fetch and build here; the message says what is missing. */
  | 'worker-unusable';

export class NodeError extends CodedError<NodeErrorCode> {
  override readonly name = 'NodeError';
}

type Files = Pick<RebuilderConfig, 'name' | 'key_file' | 'data_dir' | 'log'>;

/** What only the node may see and touch; the data folder itself is passed through by a worker of another user. */
export const stateFolder = ({ data_dir }: Pick<Files, 'data_dir'>): string => join(data_dir, 'state');
const databasePath = (config: Files): string => join(stateFolder(config), 'rebuilder.db');

/**
 * Makes the key, unless the file is there, and the database. What is there is left alone, so repeating it is harmless. Resolves to the node's
 * vkey, which the log's admin enrols. Losing the database loses what was not yet handed in, and nothing else: what is in the log is read back.
 * Throws NodeError, KeyFileError, DatabaseError, DurableError.
 */
export async function initialise(config: Files): Promise<string> {
  await durable.makeFolder(config.data_dir, { mode: 0o711 });
  await durable.makeFolder(stateFolder(config), { mode: 0o700 });
  if (!existsSync(config.key_file)) await createKeyFile(config.key_file, config.name);
  const signer = openKey(config);
  const path = databasePath(config);
  if (!existsSync(path)) {
    const policy = await readLogPolicy(config);
    using db = openDatabase(path, { migrations: MIGRATIONS, create: true });
    db.prepare('INSERT INTO node (id, vkey, origin) VALUES (1, ?, ?) ON CONFLICT DO NOTHING').run(vkeyOf(signer), policy.logs[0]!.key.name);
  }
  return vkeyOf(signer);
}

/** Throws `wrong-key`, and KeyFileError. */
export function openKey({ key_file, name }: Pick<Files, 'key_file' | 'name'>): Signer {
  const signer = loadSigner(key_file);
  if (signer.name === name) return signer;
  throw new NodeError('wrong-key', `${key_file}: expected the key of ${name}, found one of ${signer.name}; correct name or key_file`);
}

/** Throws `wrong-policy` unless it can be read and names one log. */
export async function readLogPolicy({ log }: { readonly log: Pick<Files['log'], 'policy_file'> }): Promise<TlogPolicy> {
  const policy = await readPolicy(log.policy_file);
  if (policy.logs.length === 1) return policy;
  throw new NodeError('wrong-policy', `${log.policy_file}: expected one line "log <vkey>", found ${policy.logs.length}`);
}

async function readPolicy(file: string): Promise<TlogPolicy> {
  try {
    return parseTlogPolicy(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new NodeError('wrong-policy', `${file}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * The database that `initialise` made. Its log position and attempts mean something for one key only, and for one log: the one that following began
 * with, or the successor that it is at by now.
 * Throws `wrong-folder`, and DatabaseError.
 */
export function openState(config: Files, signer: Signer, origin: string): OwnedDatabase {
  const db = openDatabase(databasePath(config), { migrations: MIGRATIONS, create: false });
  const found = db.prepare('SELECT node.vkey, node.origin, follow.vkey AS followed FROM node JOIN follow').get() as Found | undefined;
  const origins = found === undefined ? [] : [found.origin, ...(found.followed === null ? [] : [parseVkey(found.followed).name])];
  const wanted = { key: vkeyOf(signer), log: origin };
  const known = { key: found === undefined ? [] : [found.vkey], log: origins };
  const wrong = (['key', 'log'] as const).find((part) => !known[part].includes(wanted[part]));
  if (wrong === undefined) return db;
  db.close();
  throw new NodeError(
    'wrong-folder',
    `${config.data_dir}: expected the state of ${wrong} ${wanted[wrong]}, found that of ${known[wrong].join(', ') || 'nothing'}; choose another data_dir and run init`,
  );
}

interface Found {
  vkey: string;
  origin: string;
  followed: string | null;
}
