/** What a container holds, entry by entry: the leaves of member roots (DESIGN §3.12a), and the list of them that is evidence of kind `members`. */
import { utf8Encode } from '@verbatim/tlog';
import { decodeCanonicalJson, encodeCanonicalJson } from './json.ts';
import { array, integer, object, oneOf, refuse, string, where, type Infer } from './schema.ts';
import { sha256Hex } from './text.ts';
import { MAX_BLOB_BYTES } from './vocabulary.ts';

export const MAX_MEMBERS = 1_000_000;
const MAX_PATH_BYTES = 4096;

/** What an archive may call an entry is less narrow than what a release may: any character but NUL. */
function isMemberPath(text: string): boolean {
  if (text.includes('\0') || !text.isWellFormed() || utf8Encode(text).length > MAX_PATH_BYTES) return false;
  return text.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}

const entrySchema = where(
  object({
    /** Relative, `/` between segments, no `.` or `..`. */
    path: string('a relative path without empty segments, "." and ".."', MAX_PATH_BYTES, isMemberPath),
    type: oneOf('file', 'folder', 'link'),
    /** Permission bits. */
    mode: integer(0, 0o7777),
    /** Bytes of the content; of a link, of its target's text; of a folder, 0. */
    size: integer(0, Number.MAX_SAFE_INTEGER),
    /** Of the same bytes. */
    sha256: sha256Hex,
  }),
  ({ type, size }, at) => {
    if (type === 'folder' && size !== 0) throw refuse(`${at}.size`, 'a folder of size 0', size);
  },
);
export type MemberEntry = Infer<typeof entrySchema>;

/** Throws StatementError `bad-schema`. */
export function checkMemberEntry(entry: unknown): MemberEntry {
  return entrySchema(entry, 'entry');
}

/** The bytes that a leaf hashes: RFC 8785 JSON of the entry. */
export function memberLeaf({ path, type, mode, size, sha256 }: MemberEntry): Uint8Array {
  return encodeCanonicalJson({ mode, path, sha256, size, type });
}

/** Order of the leaves: by the bytes of the paths. */
export function compareMemberPaths(one: string, two: string): number {
  const [a, b] = [utf8Encode(one), utf8Encode(two)];
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

const listSchema = where(array(entrySchema, 0, MAX_MEMBERS), (entries, at) => {
  for (let i = 1; i < entries.length; i++) {
    const [before, { path }] = [entries[i - 1]!.path, entries[i]!];
    if (compareMemberPaths(before, path) >= 0) throw refuse(`${at}[${i}].path`, `a path after ${JSON.stringify(before)}`, path);
  }
});

/** The list as it is in a blob: canonical JSON of at most 8 MiB, each path once, sorted. Throws StatementError as `decodeRecipe` does. */
export function decodeMembers(bytes: Uint8Array): readonly MemberEntry[] {
  return decodeCanonicalJson(bytes, MAX_BLOB_BYTES, 'a list of members', listSchema);
}
