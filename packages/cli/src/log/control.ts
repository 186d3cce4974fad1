/** `verbatim log freeze`, `rotate`, `successor` and `admission`: control entries, signed where the root key is. They need no network. */
import { loadSigner } from '@verbatim/service-kit/keyfile';
import { counted, makeControl, signStatement, StatementError } from '@verbatim/statements';
import type { ControlAction, ControlPredicate } from '@verbatim/statements';
import { hashLeaf, MAX_NOTE_BYTES, openCheckpoint, toHex, TlogError } from '@verbatim/tlog';
import type { Signer } from '@verbatim/tlog';
import { verifyEd25519, vkeyOf } from '@verbatim/tlog/node';
import { CliError } from '../errors.ts';
import { readWhole } from '../files.ts';
import { printable } from '../io.ts';
import type { Io } from '../io.ts';
import { keyOf } from './address.ts';
import { wholeNumber } from './whole-number.ts';

interface SignOptions {
  /** Private root key of the log. */
  readonly key: string;
  readonly out: string;
  readonly json?: boolean;
}

export interface FreezeOptions extends SignOptions {
  readonly origin: string;
  readonly reason: string;
}

export async function signFreeze({ origin, reason, ...options }: FreezeOptions, io: Io): Promise<void> {
  await write({ action: 'freeze', origin, reason }, [], options, io);
}

export interface RotateOptions extends SignOptions {
  readonly origin: string;
  readonly of: ControlAction<'rotate'>['key'];
  readonly old: string;
  readonly newKey: string;
}

/** The new key signs too, in proof that somebody holds it. */
export async function signRotation({ origin, of, old, newKey, ...options }: RotateOptions, io: Io): Promise<void> {
  const added = loadSigner(newKey);
  await write({ action: 'rotate', origin, key: of, old, vkey: vkeyOf(added) }, [added], options, io);
}

export interface SuccessorOptions extends SignOptions {
  readonly checkpoint: string;
  readonly vkey: string;
  readonly successorVkey: string;
  readonly successorRootVkey: string;
  readonly url: string;
}

/** Size and root are those of the log's checkpoint, whose signature is verified: nobody types them. */
export async function signSuccessor(options: SuccessorOptions, io: Io): Promise<void> {
  const { checkpoint: file, vkey, successorVkey, successorRootVkey, url } = options;
  const { origin, size, root } = readCheckpoint(file, vkey);
  const said = { vkey: successorVkey, rootVkey: successorRootVkey, size: Number(size), root: toHex(root), url };
  await write({ action: 'successor', origin, ...said }, [], options, io);
}

export interface AdmissionOptions extends SignOptions {
  readonly origin: string;
  readonly claims: string;
  readonly attempts: string;
  readonly approvals: string;
}

export async function signAdmission({ origin, claims, attempts, approvals, ...options }: AdmissionOptions, io: Io): Promise<void> {
  const policy = {
    claims: readClaims(claims),
    attempts: wholeNumber('--attempts', attempts),
    approvals: wholeNumber('--approvals', approvals),
  };
  await write({ action: 'admission', origin, ...policy }, [], options, io);
}

type Claims = ControlAction<'admission'>['claims'];

function readClaims(text: string): Claims {
  const known: readonly string[] = ['publisher', 'registrar'] satisfies Claims;
  const named = text === 'none' ? [] : text.split(',');
  if (named.some((claim) => !known.includes(claim)) || new Set(named).size !== named.length)
    throw new CliError('usage', `--claims: expected publisher, registrar, both with a comma, or none; found ${JSON.stringify(text)}`);
  return known.filter((claim) => named.includes(claim)) as unknown as Claims;
}

function readCheckpoint(file: string, vkey: string): ReturnType<typeof openCheckpoint>['checkpoint'] {
  const key = keyOf(vkey);
  try {
    return openCheckpoint(readWhole(file, MAX_NOTE_BYTES), key, verifyEd25519).checkpoint;
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause;
    throw new CliError('file', `${file}: expected a checkpoint that ${vkey} signed`, { cause });
  }
}

/** @param others who sign beside the root key */
async function write(predicate: ControlPredicate, others: readonly Signer[], { key, out, json }: SignOptions, io: Io): Promise<void> {
  const entry = sign(predicate, [loadSigner(key), ...others]);
  const { durable, DurableError } = await import('@verbatim/service-kit/durable');
  try {
    await durable.createFile(out, entry);
  } catch (cause) {
    if (!(cause instanceof DurableError) || cause.code !== 'conflict') throw cause;
    throw new CliError('file', `${out} exists, and nothing is overwritten: name another file with --out`, { cause });
  }
  if (json) io.out(`${JSON.stringify({ file: out, leafHash: toHex(hashLeaf(entry)), predicate })}\n`);
  else io.out(`${printable(describe(predicate))}\n`);
  io.err(`wrote ${out}; nothing has happened yet: verbatim log submit ${out}\n`);
}

/** What is signed must be well formed; what is wrong with it came from the command line. */
function sign(predicate: ControlPredicate, signers: readonly Signer[]): Uint8Array {
  try {
    return signStatement(makeControl(predicate), signers);
  } catch (cause) {
    if (!(cause instanceof StatementError)) throw cause;
    throw new CliError('usage', `this ${predicate.action} cannot be signed`, { cause });
  }
}

/** What a control entry does, in a sentence. */
export function describe(predicate: ControlPredicate): string {
  const { origin } = predicate;
  switch (predicate.action) {
    case 'genesis': {
      const { root, admin, predecessor } = predicate;
      const from = predecessor === null ? '' : `, and goes on from ${predecessor.origin} at ${predecessor.size}`;
      return `${origin} begins with root key ${root} and admin key ${admin}${from}`;
    }
    case 'freeze':
      return `${origin} is frozen: ${predicate.reason}`;
    case 'successor':
      return `${origin} ends at size ${predicate.size} with root ${predicate.root}; ${predicate.vkey} goes on at ${predicate.url}, root key ${predicate.rootVkey}`;
    case 'rotate':
      return `the ${predicate.key} key of ${origin} is ${predicate.vkey}, no longer ${predicate.old}`;
    case 'admission': {
      const { claims, attempts, approvals } = predicate;
      const whose = claims.length === 0 ? 'no releases' : `releases claimed by ${claims.map((claim) => `a ${claim}`).join(' or ')}`;
      return `${origin} admits ${whose}, at most ${counted(attempts, 'attempt')}, at least ${counted(approvals, 'approval')} of a publisher’s release`;
    }
    case 'index-root':
      return `the index of ${origin} over ${predicate.size} entries has root ${predicate.root}`;
  }
}
