/** Private keys in files: `PRIVATE+KEY+name+hex8+base64`, mode 0600, with the verifier key beside it in `<file>.pub`. */
import { CodedError } from '@verbatim/tlog';
import { closeSync, constants, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { KEY_TYPE_ED25519, type MlDsaSigner, type Signer } from '@verbatim/tlog';
import {
  formatMlDsaPrivateKey,
  formatPrivateKey,
  generateSeed,
  mlDsaSignerFromSeed,
  parseMlDsaPrivateKey,
  parsePrivateKey,
  signerFromSeed,
  vkeyOf,
} from '@verbatim/tlog/node';
import { DurableError, durable } from './durable.ts';

export type KeyFileErrorCode =
  /** No such file, or it cannot be read. */
  | 'unreadable'
  /** A symbolic link, or not a regular file. */
  | 'not-a-file'
  /** Its group or others may use it. */
  | 'exposed'
  | 'malformed'
  /** There is one already. */
  | 'exists';

export class KeyFileError extends CodedError<KeyFileErrorCode> {
  override readonly name = 'KeyFileError';

  constructor(code: KeyFileErrorCode, path: string, message: string, options?: ErrorOptions) {
    super(code, `${path}: ${message}`, options);
  }
}

/** One line with a name of at most 255 bytes. */
const MAX_KEY_FILE_BYTES = 1024;

/** The signer of a private key file. Throws KeyFileError; the key is never in a message. */
export function loadSigner(path: string): Signer {
  return load(path, parsePrivateKey);
}

/** The same for a file that holds an ML-DSA-44 key. */
export function loadMlDsaSigner(path: string): MlDsaSigner {
  return load(path, parseMlDsaPrivateKey);
}

function load<T>(path: string, parse: (text: string) => T): T {
  try {
    return parse(readPrivate(path));
  } catch (cause) {
    if (cause instanceof KeyFileError) throw cause;
    throw new KeyFileError('malformed', path, (cause as Error).message, { cause });
  }
}

function readPrivate(path: string): string {
  let descriptor: number;
  try {
    // NONBLOCK: a named pipe must not hang us.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ELOOP') {
      throw new KeyFileError('not-a-file', path, 'expected a private key file, found a symbolic link; name the file itself', { cause });
    }
    throw new KeyFileError('unreadable', path, `expected a readable private key file: ${(cause as Error).message}`, { cause });
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new KeyFileError('not-a-file', path, 'expected a private key file, found something else');
    // Before its mode: a public key may be read by everybody.
    if (isPublicKey(descriptor)) {
      throw new KeyFileError(
        'malformed',
        path,
        'expected a private key (PRIVATE+KEY+…), found a public one; the private key is in the file of the same name without .pub',
      );
    }
    if ((stat.mode & 0o077) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
      throw new KeyFileError(
        'exposed',
        path,
        `expected a private key that only its owner can use, found mode ${mode}; chmod 600, and consider it leaked`,
      );
    }
    if (stat.size > MAX_KEY_FILE_BYTES)
      throw new KeyFileError('malformed', path, `expected at most ${MAX_KEY_FILE_BYTES} bytes, found ${stat.size}`);
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(descriptor));
  } finally {
    closeSync(descriptor);
  }
}

/** Whether it begins as one verifier key does, `name+hex8+base64`; an ML-DSA one is longer than what is read of it. */
function isPublicKey(descriptor: number): boolean {
  const start = Buffer.alloc(MAX_KEY_FILE_BYTES);
  const length = readSync(descriptor, start, 0, start.length, 0);
  return /^[^+\n]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+\n?$/.test(start.toString('latin1', 0, length));
}

/**
 * A new key: the private one at `path` (0600), its verifier key of `type` (0x01; 0x04 for a witness) at `path.pub`. Both are durable when
 * it resolves. Throws `exists` if either file is there, and a DurableError when it cannot write.
 */
export async function createKeyFile(
  path: string,
  name: string,
  { type = KEY_TYPE_ED25519 }: { type?: number } = {},
): Promise<{ signer: Signer; vkey: string }> {
  const seed = generateSeed();
  const signer = signerFromSeed(name, seed);
  const vkey = vkeyOf(signer, type);
  await writeKeyFiles(path, formatPrivateKey(name, seed), vkey);
  return { signer, vkey };
}

/** The same with an ML-DSA-44 key (0x06). */
export async function createMlDsaKeyFile(path: string, name: string): Promise<{ signer: MlDsaSigner; vkey: string }> {
  const seed = generateSeed();
  const signer = mlDsaSignerFromSeed(name, seed);
  const vkey = vkeyOf(signer);
  await writeKeyFiles(path, formatMlDsaPrivateKey(name, seed), vkey);
  return { signer, vkey };
}

async function writeKeyFiles(path: string, privateKey: string, vkey: string): Promise<void> {
  if (existsSync(`${path}.pub`)) throw new KeyFileError('exists', `${path}.pub`, 'expected no file, found one; nothing was written');
  const encode = (line: string): Uint8Array => new TextEncoder().encode(`${line}\n`);
  try {
    await durable.createFile(path, encode(privateKey), { mode: 0o600 });
    await durable.createFile(`${path}.pub`, encode(vkey), { mode: 0o644 });
  } catch (cause) {
    if (!(cause instanceof DurableError) || cause.code !== 'conflict') throw cause;
    throw new KeyFileError('exists', cause.path, 'expected no file, found one; nothing was overwritten', { cause });
  }
}
