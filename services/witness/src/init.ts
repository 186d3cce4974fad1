/** `init`: a new witness, once. */
import { CodedError } from '@verbatim/tlog';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyFile, durable, loadSigner } from '@verbatim/service-kit';
import { KEY_TYPE_COSIGNATURE, bytesEqual, type Signer } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import type { WitnessConfig } from './config.ts';
import { WitnessStore } from './store.ts';

export type WitnessErrorCode =
  /** The key has had a database, which is gone. */
  | 'state-lost'
  /** There is a database, but not the key that it belongs to. */
  | 'key-lost'
  /** The key is not this witness's. */
  | 'wrong-key';

export class WitnessError extends CodedError<WitnessErrorCode> {
  override readonly name = 'WitnessError';
}

function databasePath({ data_dir }: Pick<WitnessConfig, 'data_dir'>): string {
  return join(data_dir, 'witness.sqlite');
}

/**
 * Make the key, unless the file is there, and an empty database. Nothing is ever overwritten; what is complete already is left alone. A key
 * gets one database in its life: with a second, empty one it could cosign another history of a log that it has witnessed.
 * Resolves to the witness's vkey. Throws WitnessError, KeyFileError, DatabaseError, DurableError.
 */
export async function initWitness(config: WitnessConfig): Promise<string> {
  const path = databasePath(config);
  const used = `${config.key_file}.used`;
  if (existsSync(path) && !existsSync(config.key_file)) {
    throw new WitnessError(
      'key-lost',
      `${config.key_file}: expected the key of ${path}, found no file; restore it, or choose another data_dir`,
    );
  }
  if (!existsSync(path) && existsSync(used)) {
    const advice = 'restore the newest state, or retire this key and make another';
    throw new WitnessError('state-lost', `${path}: expected the database of a key that was in use (${used}), found no file; ${advice}`);
  }
  if (!existsSync(config.key_file)) await createKeyFile(config.key_file, config.name, { type: KEY_TYPE_COSIGNATURE });
  const signer = loadWitnessSigner(config);
  if (!existsSync(path)) {
    await durable.makeFolder(config.data_dir, { mode: 0o700 });
    WitnessStore.open(path, { create: true })[Symbol.dispose]();
  }
  openWitnessStore(config, signer)[Symbol.dispose]();
  if (!existsSync(used)) await durable.createFile(used, new TextEncoder().encode(`${path}\n`), { mode: 0o600 });
  return vkeyOf(signer, KEY_TYPE_COSIGNATURE);
}

/** The configured key. Throws `wrong-key` when it is another witness's or one of a configured log, and KeyFileError. */
export function loadWitnessSigner({ key_file, name, logs }: Pick<WitnessConfig, 'key_file' | 'name' | 'logs'>): Signer {
  const signer = loadSigner(key_file);
  if (signer.name !== name) {
    throw new WitnessError('wrong-key', `${key_file}: expected a key named ${JSON.stringify(name)}, found ${JSON.stringify(signer.name)}`);
  }
  // tlog-cosignature: the signed message does not name the signer, so the key must have no other use.
  if ([...logs.values()].flat().some((key) => bytesEqual(key.publicKey, signer.publicKey))) {
    throw new WitnessError('wrong-key', `${key_file}: expected a key used for nothing else, found the key of a configured log`);
  }
  return signer;
}

/** The database that `init` made for this key. Throws DatabaseError, and `wrong-key` for another key's. */
export function openWitnessStore(config: Pick<WitnessConfig, 'data_dir' | 'key_file'>, signer: Signer): WitnessStore {
  const store = WitnessStore.open(databasePath(config), { create: false });
  const vkey = vkeyOf(signer, KEY_TYPE_COSIGNATURE);
  const owner = store.claim(vkey);
  if (owner === vkey) return store;
  store[Symbol.dispose]();
  throw new WitnessError(
    'wrong-key',
    `${config.key_file}: expected the key that the database in ${config.data_dir} belongs to, ${owner}, found ${vkey}`,
  );
}
