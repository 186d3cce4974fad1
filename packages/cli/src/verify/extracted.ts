import { LogClient, ClientError } from '@verbatim/client';
import { memberTree } from '@verbatim/builder';
import type { MemberProof } from '@verbatim/consensus';
import { MAX_BLOB_BYTES, StatementError, decodeMembers } from '@verbatim/statements';
import type { MemberEntry } from '@verbatim/statements';
import { CliError } from '../errors.ts';
import { readWhole } from '../files.ts';
import { clientTrouble } from './client-trouble.ts';
import type { MemberRequest } from './stages.ts';
import { VerdictError } from './trouble.ts';

/**
 * Proves that a container has an entry at `path`, by a list of its members: the file that was named, or one that matching operators signed
 * the digest of and the log has. Null when there is none. Throws CliError for a file that is no list, and VerdictError `unknown-file` when
 * the list has no such path.
 */
export async function proveMember(request: MemberRequest): Promise<MemberProof | null> {
  const { path, container, file } = request;
  const list = file === undefined ? await listFromLog(request) : listFromFile(file);
  if (list === null) return null;
  const found = memberTree(list).prove(path);
  if (found === null)
    throw new VerdictError('unknown-file', 'no-such-member', `the container sha256:${container} has no ${path}${similar(path, list)}`);
  return { entry: list.find((entry) => entry.path === path)!, index: found.index, proof: found.proof };
}

function listFromFile(file: string): readonly MemberEntry[] {
  try {
    return decodeMembers(readWhole(file, MAX_BLOB_BYTES));
  } catch (cause) {
    if (cause instanceof StatementError) throw new CliError('file', `${file} is no list of members: ${cause.message}`, { cause });
    throw cause;
  }
}

/** The first list that can be had. Each is compared with its digest; whether it is true, its root decides. */
async function listFromLog({ lists, policy, offline }: MemberRequest): Promise<readonly MemberEntry[] | null> {
  const { url, key } = policy.log;
  if (offline || url === null || !/^https?:/.test(url)) return null;
  const client = new LogClient({ url, logKey: key });
  try {
    for (const digest of lists) {
      const list = decoded(await client.getBlob(digest));
      if (list !== null) return list;
    }
    return null;
  } catch (error) {
    throw error instanceof ClientError ? clientTrouble(error) : error;
  } finally {
    await client.close();
  }
}

function decoded(bytes: Uint8Array | null): readonly MemberEntry[] | null {
  try {
    return bytes === null ? null : decodeMembers(bytes);
  } catch (error) {
    if (error instanceof StatementError) return null;
    throw error;
  }
}

/** Entries of the same name elsewhere, for who mistook the path. */
function similar(path: string, list: readonly MemberEntry[]): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const others = list.filter((entry) => entry.path.endsWith(`/${name}`)).map((entry) => entry.path);
  return others.length === 0 ? '' : `; it has ${others.slice(0, 5).join(', ')}`;
}
