/** Receiving: each rebuilder fetches the published file itself, into a folder that no build sees (DESIGN §3.3, §3.9). */
import { chmod, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { parsePurl, type ReleaseArtifact } from '@verbatim/statements';
import { digestFile, type FileDigests } from '../digest.ts';
import { removeTree } from '../remove-tree.ts';
import type { Client } from './client.ts';
import { downloadDeb, noDebMember } from './deb.ts';
import { downloadModuleZip } from './golang.ts';
import { packNpm } from './npm.ts';
import { notReceived, type NotReceived } from './outcome.ts';
import { downloadWheel } from './pypi.ts';
import { extractTarMember, type MemberRequest } from './tar-member.ts';
import { extractZipMember } from './zip-member.ts';

export interface ReceiveRequest {
  /** Canonical purl with a version: where the file, or the container that it is in, is published. */
  readonly coordinate: string;
  readonly member: ReleaseArtifact['member'] | null;
  /** What the release says of the file. */
  readonly claimed: { readonly sha256: string; readonly sha512: string };
  /** A folder of the caller's that no build sees; emptied first. */
  readonly privateDir: string;
  readonly limits?: Partial<ReceiveLimits>;
  /** The user's environment, for the client's settings. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

export interface ReceiveLimits {
  /** Bytes of the file or container. */
  readonly fileBytes: number;
  /** Bytes of a container unpacked. */
  readonly unpackedBytes: number;
  readonly seconds: number;
}

const GIB = 1024 ** 3;
export const DEFAULT_RECEIVE_LIMITS: ReceiveLimits = { fileBytes: GIB, unpackedBytes: 4 * GIB, seconds: 600 };

export interface Received {
  readonly kind: 'received';
  /** The file, or the member, in `privateDir`. Remove it before anything is built. */
  readonly path: string;
  readonly file: FileDigests;
  readonly container: FileDigests | null;
  /** Whether the file is another than the release claims: result `input-unavailable`, reason `claim-mismatch`. */
  readonly claimMismatch: boolean;
}

export type ReceiveOutcome = Received | NotReceived;

/**
 * Fetches a published file through its ecosystem's client, takes the member out of its container, and digests both.
 * @throws BuilderError `tool-missing`; StatementError `bad-purl`; the signal's reason when aborted.
 */
export async function receiveArtifact(request: ReceiveRequest): Promise<ReceiveOutcome> {
  const { privateDir } = request;
  await removeTree(privateDir);
  await mkdir(privateDir, { recursive: true });
  await chmod(privateDir, 0o700);
  const outcome = await receive(request);
  // The client's cache holds the container too.
  const leftovers = outcome.kind === 'received' ? ['client-cache', 'target', 'empty'] : ['.'];
  for (const name of leftovers) await removeTree(name === '.' ? privateDir : join(privateDir, name));
  return outcome;
}

interface Registry {
  readonly download: Client;
  /** Takes a member out of what is published there. */
  readonly extract: (request: MemberRequest) => Promise<NotReceived | null>;
}

/** By purl type. */
const REGISTRIES: ReadonlyMap<string, Registry> = new Map([
  ['npm', { download: packNpm, extract: extractTarMember }],
  ['pypi', { download: downloadWheel, extract: extractZipMember }],
  ['deb', { download: downloadDeb, extract: noDebMember }],
  ['golang', { download: downloadModuleZip, extract: extractZipMember }],
]);

async function receive(request: ReceiveRequest): Promise<ReceiveOutcome> {
  const { coordinate, member, claimed, privateDir: dir, environment = process.env, signal } = request;
  const limits = { ...DEFAULT_RECEIVE_LIMITS, ...request.limits };
  const purl = parsePurl(coordinate);
  const registry = REGISTRIES.get(purl.type);
  if (registry === undefined || purl.subpath !== null) {
    const types = [...REGISTRIES.keys()].map((type) => `pkg:${type}/…`).join(', ');
    return notReceived('coordinate-unsupported', `expected one of ${types}, found ${coordinate}`);
  }
  const packed = await registry.download({ purl, dir, environment, maxBytes: limits.fileBytes, timeout: limits.seconds * 1000, signal });
  if (typeof packed !== 'string') return packed;
  const whole = await digestFile(packed);
  const path = join(dir, 'artifact');
  if (member === undefined || member === null) {
    await rename(packed, path);
    return { kind: 'received', path, file: whole, container: null, claimMismatch: differs(whole, claimed) };
  }
  const sameContainer = !differs(whole, member.container);
  const failed = await registry.extract({ archive: packed, path: member.path, to: path, maxBytes: limits.unpackedBytes, signal });
  if (failed !== null) return sameContainer ? failed : containerMismatch(coordinate, whole, member.container);
  const file = await digestFile(path);
  const claimMismatch = differs(file, claimed);
  if (!claimMismatch && !sameContainer) return containerMismatch(coordinate, whole, member.container);
  return { kind: 'received', path, file, container: whole, claimMismatch };
}

interface Digests {
  readonly sha256: string;
  readonly sha512: string;
}

const differs = (found: Digests, claimed: Digests): boolean => found.sha256 !== claimed.sha256 || found.sha512 !== claimed.sha512;

function containerMismatch(coordinate: string, found: Digests, claimed: Digests): NotReceived {
  return notReceived(
    'container-mismatch',
    `${coordinate}: the release claims sha256 ${claimed.sha256}, the registry served ${found.sha256}`,
  );
}
