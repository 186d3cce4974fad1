/**
 * Who cosigns: a name, an Ed25519 key, an ML-DSA-44 key if wanted, and the database of everything promised by them. A key gets one database in
 * its life: with a second, empty one it could cosign another history of a log that it has cosigned.
 */
import {
  CodedError,
  KEY_TYPE_COSIGNATURE,
  bytesEqual,
  cosign,
  sha256,
  utf8Encode,
  type MlDsaSigner,
  type NoteSignature,
  type Signer,
  type TrustedLogs,
} from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { durable } from './durable.ts';
import { createKeyFile, createMlDsaKeyFile, loadMlDsaSigner, loadSigner } from './keyfile.ts';

export type CosignerErrorCode =
  /** The key has had a database, which is gone. */
  | 'state-lost'
  /** There is a database, but not the key that it belongs to. */
  | 'key-lost'
  /** The key is not this cosigner's. */
  | 'wrong-key';

export class CosignerError extends CodedError<CosignerErrorCode> {
  override readonly name = 'CosignerError';
}

/** As services spell it in their configuration. */
export interface CosignerConfig {
  readonly name: string;
  readonly key_file: string;
  readonly ml_dsa_key_file?: string | undefined;
  readonly logs: TrustedLogs;
}

export interface Cosigner {
  readonly name: string;
  /** Type 0x04, by which databases know it. */
  readonly vkey: string;
  /** The same, then type 0x06 if there is such a key. */
  readonly vkeys: readonly string[];
  /** One line a key. Whether the checkpoint may be cosigned is the caller's check. */
  cosign(text: string, timestamp: bigint): NoteSignature[];
  /** 32 bytes that only the owner of the Ed25519 key can know, the same in each run, for authenticating what leaves the process. */
  secret(purpose: string): Uint8Array;
}

/** A database that remembers whose promises it holds. */
export interface ClaimedStore extends Disposable {
  /** The vkey that these promises were made under: `vkey`, from the first call on. */
  claim(vkey: string): string;
}

/** Where a cosigner's database is. */
export interface CosignerDatabase<S extends ClaimedStore> {
  readonly path: string;
  open(path: string, options: { create: boolean }): S;
}

/**
 * Make the keys, unless their files are there, and an empty database. Nothing is ever overwritten; what is complete already is left alone. A
 * second key can be added later. Throws CosignerError, KeyFileError, DatabaseError, DurableError.
 */
export async function initCosigner<S extends ClaimedStore>(config: CosignerConfig, database: CosignerDatabase<S>): Promise<Cosigner> {
  const { path } = database;
  const exists = existsSync(path);
  const { ml_dsa_key_file: mlDsa } = config;
  const keyFiles = [
    { file: config.key_file, create: () => createKeyFile(config.key_file, config.name, { type: KEY_TYPE_COSIGNATURE }) },
    ...(mlDsa === undefined ? [] : [{ file: mlDsa, create: () => createMlDsaKeyFile(mlDsa, config.name) }]),
  ];
  for (const { file } of keyFiles) {
    const lost = !existsSync(file) && (file === config.key_file ? exists : existsSync(usedMark(file)));
    if (lost)
      throw new CosignerError('key-lost', `${file}: expected the key of ${path}, found no file; restore it, or choose another data_dir`);
    if (!exists && existsSync(usedMark(file))) {
      const advice = 'restore the newest state, or retire this key and make another';
      throw new CosignerError(
        'state-lost',
        `${path}: expected the database of a key that was in use (${usedMark(file)}), found no file; ${advice}`,
      );
    }
  }
  for (const { file, create } of keyFiles) if (!existsSync(file)) await create();
  const cosigner = loadCosigner(config);
  if (!exists) {
    await durable.makeFolder(dirname(path), { mode: 0o700 });
    database.open(path, { create: true })[Symbol.dispose]();
  }
  openCosignerStore(config, database, cosigner)[Symbol.dispose]();
  for (const { file } of keyFiles) {
    const mark = usedMark(file);
    if (!existsSync(mark)) await durable.createFile(mark, new TextEncoder().encode(`${path}\n`), { mode: 0o600 });
  }
  return cosigner;
}

/** The configured keys. Throws `wrong-key` when one is another cosigner's or one of a configured log, and KeyFileError. */
export function loadCosigner({ key_file, ml_dsa_key_file, name, logs }: CosignerConfig): Cosigner {
  const signer = loadSigner(key_file);
  const mlDsaSigner = ml_dsa_key_file === undefined ? undefined : loadMlDsaSigner(ml_dsa_key_file);
  const found = [signer, mlDsaSigner].find((each) => each !== undefined && each.name !== name);
  if (found !== undefined) {
    const file = found === signer ? key_file : ml_dsa_key_file;
    throw new CosignerError('wrong-key', `${file}: expected a key named ${JSON.stringify(name)}, found ${JSON.stringify(found.name)}`);
  }
  // tlog-cosignature: the signed message does not name the signer, so the key must have no other use.
  if ([...logs.values()].flat().some((key) => bytesEqual(key.publicKey, signer.publicKey))) {
    throw new CosignerError('wrong-key', `${key_file}: expected a key used for nothing else, found the key of a configured log`);
  }
  return createCosigner(signer, mlDsaSigner);
}

/** A cosigner with these keys; both have its name. */
export function createCosigner(signer: Signer, mlDsaSigner?: MlDsaSigner): Cosigner {
  const signers = mlDsaSigner === undefined ? [signer] : [signer, mlDsaSigner];
  const vkeys = signers.map((each) => vkeyOf(each, KEY_TYPE_COSIGNATURE));
  return {
    name: signer.name,
    vkey: vkeys[0]!,
    vkeys,
    cosign: (text, timestamp) => signers.map((each) => cosign(text, each, timestamp)),
    // Neither a checkpoint nor a cosigned message begins like this.
    secret: (purpose) => sha256(signer.sign(utf8Encode(`verbatim secret\n${purpose}\n`))),
  };
}

/** The database that `init` made for this cosigner. Throws DatabaseError, and `wrong-key` for another key's. */
export function openCosignerStore<S extends ClaimedStore>(
  { key_file }: Pick<CosignerConfig, 'key_file'>,
  { path, open }: CosignerDatabase<S>,
  { vkey }: Cosigner,
): S {
  const store = open(path, { create: false });
  const owner = store.claim(vkey);
  if (owner === vkey) return store;
  store[Symbol.dispose]();
  throw new CosignerError('wrong-key', `${key_file}: expected the key that the database ${path} belongs to, ${owner}, found ${vkey}`);
}

/** Neither 0, which would mean "no statement about the largest tree", nor before an earlier cosignature, whatever the clock says. POSIX seconds. */
export function cosignatureTime(now: bigint, last: bigint): bigint {
  return [now, last, 1n].reduce((a, b) => (a > b ? a : b));
}

function usedMark(keyFile: string): string {
  return `${keyFile}.used`;
}
