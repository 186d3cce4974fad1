import { ClientError, readMembers } from '@verbatim/client/offline';
import { CliError } from '../errors.ts';
import { clientTrouble } from './client-trouble.ts';
import type { ReadMember } from './stages.ts';

/**
 * The files in a container, by digest, and the bytes of those that `collect` names. Throws CliError when it is no container, VerdictError
 * when its members cannot be told apart.
 */
export async function readMembersOf(name: string, bytes: Uint8Array, collect: (path: string) => boolean): Promise<ReadMember[]> {
  let container: Awaited<ReturnType<typeof readMembers>>;
  try {
    container = await readMembers(bytes, { collect });
  } catch (error) {
    throw error instanceof ClientError ? clientTrouble(error) : error;
  }
  if (container === null) throw new CliError('file', `${name} is no container that is read here (tar, tar.gz or zip)`);
  return container.members
    .filter(({ type }) => type === 'file')
    .map(({ path, sha256, bytes: content }) => ({ path, sha256, bytes: content ?? null }));
}
