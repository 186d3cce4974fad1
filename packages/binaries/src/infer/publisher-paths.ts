import { readLineTable } from '../explain/pclntab.ts';
import type { GoBuildInfo } from '../build-info.ts';
import { sectionBytes, type Image } from '../layout.ts';

/** Folders of the publisher, as they stand in a program that was built without -trimpath. */
export interface FoundPaths {
  readonly source: string;
  readonly goroot: string;
  readonly modules: string;
}

/** Where nothing of the modules is in the program, any folder does. */
const NO_MODULES = '/go/pkg/mod';
/** A file of every Go program. */
const RUNTIME = '/src/runtime/proc.go';

/** The paths of a program's source files, in the linker's order; [] where the table cannot be read. */
export function sourceFilesIn(image: Image): string[] {
  const table = sectionBytes(image, '.gopclntab', '__gopclntab');
  return table === null ? [] : [...(readLineTable(table)?.paths.values() ?? [])];
}

/** Where the publisher had source, Go and modules; null unless all of it shows. @param folder of the main package in its module, such as `cmd/x`; '' for the root */
export function publisherPathsIn(files: readonly string[], folder: string, deps: GoBuildInfo['deps']): FoundPaths | null {
  const goroot = files.find((file) => file.startsWith('/') && file.endsWith(RUNTIME))?.slice(0, -RUNTIME.length);
  if (goroot === undefined) return null;
  const modules = deps
    .map(({ path, version }) => folderBefore(files, `/${escapeUpper(path)}@${escapeUpper(version)}/`))
    .find((each) => each !== null);
  const own = files.filter(
    (file) => file.startsWith('/') && !file.startsWith(`${goroot}/`) && !(modules && file.startsWith(`${modules}/`)),
  );
  const source = folder === '' ? commonFolder(own) : sourceOf(own, folder);
  if (source === null || (modules === undefined && deps.length > 0)) return null;
  return { source, goroot, modules: modules ?? NO_MODULES };
}

/** The module cache's spelling of upper case (golang.org/x/mod/module, EscapePath). */
const escapeUpper = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`);

function folderBefore(files: readonly string[], part: string): string | null {
  for (const file of files) {
    const at = file.indexOf(part);
    if (at > 0) return file.slice(0, at);
  }
  return null;
}

function sourceOf(files: readonly string[], folder: string): string | null {
  const file = files.find((each) => each.slice(0, each.lastIndexOf('/')).endsWith(`/${folder}`));
  return file === undefined ? null : file.slice(0, file.lastIndexOf('/') - folder.length - 1);
}

/** The deepest folder that has all of them; null without any. */
export function commonFolder(files: readonly string[]): string | null {
  let common = files[0]?.split('/').slice(0, -1);
  if (common === undefined) return null;
  for (const file of files) {
    const segments = file.split('/').slice(0, -1);
    const end = common.findIndex((segment, index) => segment !== segments[index]);
    if (end >= 0) common = common.slice(0, end);
  }
  return common.length < 2 ? null : common.join('/');
}
