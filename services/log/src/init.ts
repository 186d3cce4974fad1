import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyFile, durable, loadSigner, openDatabase } from '@verbatim/service-kit';
import { makeControl, signStatement } from '@verbatim/statements';
import type { Signer } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import type { LogConfig } from './config.ts';
import { writeIdentity } from './engine/identity.ts';
import { beginIndex } from './engine/restore-index.ts';
import { EntryStore } from './store/entries.ts';
import { leafHashOf } from './store/ledger.ts';
import { LogIndex } from './store/log-index.ts';
import { MIGRATIONS } from './store/schema.ts';

export interface InitResult {
  readonly origin: string;
  readonly logVkey: string;
  readonly rootVkey: string;
  readonly adminVkey: string;
  readonly rootKeyFile: string;
  readonly adminKeyFile: string;
}

/**
 * Makes a new log: keys that do not exist yet, the database, entry 0, which names root and admin key and is signed by the root key (DESIGN §3.2),
 * and entry 1, the index root over it. Refuses when the database exists: a log begins once.
 *
 * @param now milliseconds
 */
export async function initLog(config: LogConfig, now: number): Promise<InitResult> {
  const { origin } = config;
  const rootKeyFile = config.root_key_file ?? join(config.data_dir, 'keys', 'root.key');
  const adminKeyFile = config.admin_key_file ?? join(config.data_dir, 'keys', 'admin.key');
  await durable.makeFolder(config.data_dir);
  const database = join(config.data_dir, 'log.db');
  // Before any key is made: nothing may be left behind when there is a log already.
  if (existsSync(database)) throw new Error(`expected no database at ${database}; there is one, so this log has begun. Use "serve".`);
  // The log's key is named like its origin (tlog-checkpoint); root and admin keys by their purpose.
  const log = await keyAt(config.key_file, origin);
  const root = await keyAt(rootKeyFile, `${origin}/root`);
  const admin = await keyAt(adminKeyFile, `${origin}/admin`);
  if (log.name !== origin)
    throw new Error(`expected a log key named ${origin}, like the origin; ${config.key_file} holds one named ${log.name}`);
  const [logVkey, rootVkey, adminVkey] = [vkeyOf(log), vkeyOf(root), vkeyOf(admin)];
  using db = openDatabase(database, { migrations: MIGRATIONS, create: 'only' });
  const entry = signStatement(makeControl({ action: 'genesis', origin, root: rootVkey, admin: adminVkey, predecessor: null }), [root]);
  db.transaction(() => {
    writeIdentity(db, { origin, logVkey, rootVkey, adminVkey, created: new Date(now).toISOString().slice(0, 10) });
    const entries = new EntryStore(db);
    entries.append({ index: 0n, leafHash: leafHashOf(entry), loggedAt: Math.floor(now / 1000), entry });
    beginIndex(new LogIndex(db, origin, () => log), entries, now);
  }).immediate();
  return { origin, logVkey, rootVkey, adminVkey, rootKeyFile, adminKeyFile };
}

/** The key in a file; a new one of this name when there is no file. */
export async function keyAt(path: string, name: string): Promise<Signer> {
  if (existsSync(path)) return loadSigner(path);
  await durable.makeFolder(join(path, '..'), { mode: 0o700 });
  return (await createKeyFile(path, name)).signer;
}
