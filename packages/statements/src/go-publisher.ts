/** What some publishers do beyond `go build` in a checkout, as data: a changed tool, a main module of their own, paths that stay in the binary. */
import { StatementError } from './errors.ts';
import { array, distinct, object, oneOf, record, string, type Infer } from './schema.ts';
import { isRelativePath, relativePath, sha256Hex } from './text.ts';

/** Text of a source file: visible ASCII, spaces, tabs and newlines. */
const sourceText = (max: number) => string('lines of ASCII text', max, (text) => /^[\t\n\x20-\x7e]+$/.test(text));

const toolchainFile = string('a file below src/', 256, (text) => /^src(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+\.(?:go|s)$/.test(text));

/** A program of the toolchain, built anew by that toolchain from its own source with these changes, and used in its place. */
const patchedTool = object({
  tool: oneOf('asm', 'compile', 'link'),
  files: array(
    object({
      /** In the toolchain's folder. */
      file: toolchainFile,
      /** Of the file before. */
      sha256: sha256Hex,
      /** Each `find` must be in the file, as the edits before left it, exactly once. */
      edits: array(object({ find: sourceText(4096), replace: sourceText(4096) }), 1, 16),
    }),
    1,
    8,
  ),
});
export type PatchedTool = Infer<typeof patchedTool>;

export const patchedTools = array(patchedTool, 1, 3);

/** Throws `bad-schema` for a program or a file that is named twice. */
export function checkPatches(patches: readonly PatchedTool[], at: string): void {
  distinct(patches, ({ tool }) => tool, at);
  distinct(
    patches.flatMap(({ files }) => files),
    ({ file }) => file,
    at,
  );
}

/**
 * A main module that the publisher writes for the release (GoReleaser's `gomod.proxy`, xcaddy): it requires the source as a module, and takes its own
 * files from it. `goSum` pins every module; the checksum database must know each of them too.
 */
export const mainModule = object({
  goMod: sourceText(65_536),
  goSum: sourceText(98_304),
  /** Path in the main module → path in the source. */
  files: record(relativePath, relativePath, 16),
});
export type MainModule = Infer<typeof mainModule>;

/** Throws `inconsistent` for a file that is not a file of the main module's own. */
export function checkMainModule({ files }: MainModule, at: string): void {
  const other = Object.keys(files).find(
    (path) => !isRelativePath(path) || !/^(?!vendor\/)(?:[\w~+-][\w.~+-]*\/)*[\w~+-][\w.~+-]*\.go$/.test(path),
  );
  if (other !== undefined)
    throw new StatementError('inconsistent', `${at}.files`, `expected names of Go files, found ${JSON.stringify(other)}`);
}

/** No folder of these is the system's, in a sandbox that shows programs in /bin and libraries where the loader looks. */
const SYSTEM = new Set([
  'bin',
  'boot',
  'build',
  'dev',
  'etc',
  'lib',
  'lib32',
  'lib64',
  'libx32',
  'proc',
  'run',
  'sbin',
  'stage',
  'sys',
  'tmp',
]);

function isPublisherPath(text: string): boolean {
  const segments = text.slice(1).split('/');
  if (!text.startsWith('/') || segments.length < 2 || segments.length > 24) return false;
  if (!segments.every((segment) => /^[A-Za-z0-9_+~@!-][A-Za-z0-9._+~@!-]*$/.test(segment))) return false;
  return !SYSTEM.has(segments[0]!) && (segments[0] !== 'usr' || (segments[1] === 'local' && segments.length > 2));
}
const publisherPath = string('an absolute path outside the system’s folders', 256, isPublisherPath);

/** Where the publisher had things. Without -trimpath these paths are in the binary, so the build sees its inputs there. */
export const publisherPaths = object({ source: publisherPath, goroot: publisherPath, modules: publisherPath });
export type PublisherPaths = Infer<typeof publisherPaths>;

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** Throws `inconsistent` where one folder would hide another. A toolchain may lie among the modules, where the go command puts one that it downloads. */
export function checkPaths({ source, goroot, modules }: PublisherPaths, at: string): void {
  const within = goroot.startsWith(`${modules}/golang.org/toolchain@`) && goroot.split('/').length === modules.split('/').length + 2;
  const apart = (one: string, other: string): boolean => !isBelow(one, other) && !isBelow(other, one);
  if (apart(source, goroot) && apart(source, modules) && (within || apart(goroot, modules))) return;
  throw new StatementError('inconsistent', at, 'expected folders beside one another, or the toolchain as a module among the modules');
}
