import { sectionBytes } from './layout.ts';
import type { Image } from './layout.ts';
import { ascii, indexOfBytes } from './reader.ts';

const LONGEST_PATH = 1024;

/**
 * The import path of the main package by the linker's table of file names, which stays in stripped programs: under -trimpath the main
 * module's files go by import path without a version, dependencies' with `@version`, the standard library's without a host.
 * null unless exactly one folder with a `main.go` is left.
 */
export function findMainPackage(image: Image): string | null {
  const table = sectionBytes(image, '.gopclntab', '__gopclntab');
  if (table === null) return null;
  const found = new Set<string>();
  const needle = ascii('/main.go\0');
  for (let at = indexOfBytes(table, needle); at >= 0; at = indexOfBytes(table, needle, at + needle.length)) {
    const start = table.lastIndexOf(0, at) + 1;
    if (at - start > LONGEST_PATH || start === 0) continue;
    const path = String.fromCharCode(...table.subarray(start, at));
    if (/^[a-z0-9-]+(\.[a-z0-9-]+)+(\/[\w.~-]+)+$/i.test(path)) found.add(path);
    if (found.size > 1) return null;
  }
  const [only] = found;
  return only ?? null;
}
