import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { durable, loadSigner, openDatabase } from '@verbatim/service-kit';
import { type ControlAction, makeControl, signStatement } from '@verbatim/statements';
import { bytesEqual, CompactRange, fromHex, type Signer, toHex } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import Database from 'better-sqlite3';
import { officeKeys } from './admission/control-state.ts';
import { blobsOf, copyBlobs } from './backup/files.ts';
import type { LogConfig } from './config.ts';
import { type Identity, readIdentity, writeIdentity } from './engine/identity.ts';
import { beginIndex } from './engine/restore-index.ts';
import { LogStateError } from './engine/state-error.ts';
import { type InitResult, keyAt } from './init.ts';
import { ControlTable } from './store/control-table.ts';
import { EntryStore } from './store/entries.ts';
import { leafHashOf } from './store/ledger.ts';
import { LogIndex } from './store/log-index.ts';
import { MIGRATIONS } from './store/schema.ts';

/** What the predecessor is, as its own database has it. */
interface Predecessor {
  readonly origin: string;
  readonly said: ControlAction<'successor'>;
  /** The entry that says it, which the successor has as well. */
  readonly handover: Uint8Array;
  /** Hex public keys with what they were there. */
  readonly keys: ReadonlyMap<string, string>;
  /** Digests. */
  readonly blobs: readonly string[];
}

const CHUNK = 4096n;

/**
 * Makes the log that goes on from another: its entries up to the one that names this log as the successor, then this log's genesis, then that
 * entry, then the index root. Refuses unless the other log's root key named exactly these keys, size and root, and when there is a database already.
 *
 * @param from data folder of the predecessor, which may be running @param now milliseconds
 */
export async function succeedLog(config: LogConfig, from: string, now: number): Promise<InitResult> {
  const database = join(config.data_dir, 'log.db');
  if (existsSync(database)) throw new Error(`expected no database at ${database}; there is one, so this log has begun. Use "serve".`);
  const { origin, root_key_file: rootKeyFile } = config;
  if (rootKeyFile === undefined) throw new Error('expected root_key_file: the predecessor has named the root key of this log');
  const partial = `${database}.partial`;
  const adminKeyFile = config.admin_key_file ?? join(config.data_dir, 'keys', 'admin.key');
  const [log, root] = [loadSigner(config.key_file), loadSigner(rootKeyFile)];
  const [logVkey, rootVkey] = [vkeyOf(log), vkeyOf(root)];
  await durable.makeFolder(config.data_dir);
  await rm(partial, { force: true });
  const before = await copyDatabase(join(from, 'log.db'), partial, { origin, logVkey, rootVkey });
  const admin = await keyAt(adminKeyFile, `${origin}/admin`);
  const adminVkey = vkeyOf(admin);
  for (const [file, key] of [
    [config.key_file, log],
    [adminKeyFile, admin],
  ] as const) {
    const use = before.keys.get(toHex(key.publicKey));
    if (use !== undefined) throw new Error(`expected a key of this log's own in ${file}; it holds the ${use}. Generate another one.`);
  }
  await copyBlobs(before.blobs, join(from, 'blobs'), join(config.data_dir, 'blobs'));
  const { size, root: rootBefore } = before.said;
  const predecessor = { origin: before.origin, size, root: rootBefore };
  const genesis = signStatement(makeControl({ action: 'genesis', origin, root: rootVkey, admin: adminVkey, predecessor }), [root]);
  const created = new Date(now).toISOString().slice(0, 10);
  rewrite(partial, before, [genesis, before.handover], { origin, logVkey, rootVkey, adminVkey, created }, log, now);
  await rename(partial, database);
  await rm(`${partial}.lock`, { force: true });
  return { origin, logVkey, rootVkey, adminVkey, rootKeyFile, adminKeyFile };
}

interface NamedKeys {
  readonly origin: string;
  readonly logVkey: string;
  readonly rootVkey: string;
}

/** A consistent copy, also of a log that is running; then everything that is used of it is checked in the copy. */
async function copyDatabase(file: string, to: string, named: NamedKeys): Promise<Predecessor> {
  if (!existsSync(file))
    throw new Error(`expected the predecessor's database at ${file}; there is none. Name its data folder with --from.`);
  const source = new Database(file, { readonly: true, fileMustExist: true, timeout: 5000 });
  try {
    await source.backup(to);
  } finally {
    source.close();
  }
  using copy = openDatabase(to, { migrations: MIGRATIONS, create: false });
  const { origin } = copy.prepare<[], { origin: string }>('SELECT origin FROM identity').get()!;
  const identity = readIdentity(copy, origin);
  const control = new ControlTable(copy, { log: identity.logVkey, root: identity.rootVkey, admin: identity.adminVkey });
  const index = control.state.successor;
  if (index === null)
    throw wrong(`expected that ${origin} has named its successor; it has not. Sign one ("verbatim log successor") and submit it there.`);
  const said = control.said(index) as ControlAction<'successor'>;
  const expected = `${said.vkey} with root key ${said.rootVkey}`;
  if (said.vkey !== named.logVkey || said.rootVkey !== named.rootVkey)
    throw wrong(`expected the successor that entry ${index} of ${origin} names, ${expected}; found ${named.logVkey}, ${named.rootVkey}.`);
  const entries = new EntryStore(copy);
  checkRoot(entries, said, origin);
  const keys = new Map([...officeKeys(control.state)].map(([key, use]) => [key, `${use} of ${origin}`]));
  return { origin, said, handover: entries.get(index)!.entry, keys, blobs: blobsOf(copy) };
}

/** Every entry is hashed again: what is copied here is what the root key has signed. */
function checkRoot(entries: EntryStore, { size, root }: ControlAction<'successor'>, origin: string): void {
  const range = new CompactRange();
  for (let start = 0n; start < BigInt(size); start += CHUNK) {
    const end = start + CHUNK < BigInt(size) ? start + CHUNK : BigInt(size);
    for (const { entry } of entries.range(start, end)) range.append(leafHashOf(entry));
  }
  if (!bytesEqual(range.root(), fromHex(root)))
    throw wrong(`expected entries of ${origin} that hash to the root of its successor statement at size ${size}; they do not.`);
}

/** One transaction: the old log's last entries and everything that was its own go, this log's first ones come, and its index. */
function rewrite(file: string, before: Predecessor, first: readonly Uint8Array[], identity: Identity, log: Signer, now: number): void {
  using db = openDatabase(file, { migrations: MIGRATIONS, create: false });
  const size = BigInt(before.said.size);
  db.transaction(() => {
    const own = [
      'identity',
      'control',
      'index_nodes',
      'index_states',
      'signed_checkpoint',
      'published_checkpoint',
      'witnesses',
      'standing',
    ];
    for (const table of own) db.exec(`DELETE FROM ${table}`);
    for (const table of ['uniqueness', 'entries']) db.prepare(`DELETE FROM ${table} WHERE idx >= ?`).run(size);
    const retire = db.prepare('INSERT INTO retired_keys (public_key, use) VALUES (?, ?) ON CONFLICT DO NOTHING');
    for (const [key, use] of before.keys) retire.run(key, use);
    writeIdentity(db, identity);
    const entries = new EntryStore(db);
    first.forEach((entry, i) =>
      entries.append({ index: size + BigInt(i), leafHash: leafHashOf(entry), loggedAt: Math.floor(now / 1000), entry }),
    );
    beginIndex(new LogIndex(db, identity.origin, () => log), entries, now);
  }).immediate();
}

function wrong(message: string): LogStateError {
  return new LogStateError('wrong-identity', message);
}
