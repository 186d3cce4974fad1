import { isAbsolute, join, dirname } from 'node:path';
import { CliError } from '../errors.ts';

/** A line of a SHA256SUMS file. */
export interface ManifestLine {
  /** Where the file is: beside the manifest. */
  readonly path: string;
  /** The digest that the manifest says, lower-case hex. */
  readonly sha256: string;
}

export const MAX_MANIFEST_LINES = 10_000;

/**
 * Reads what `sha256sum` writes: 64 hex digits, two spaces or ` *`, a name; or the BSD form `SHA256 (name) = digest`. Names are relative
 * and stay below the manifest's folder, for a manifest is somebody else's text. Throws CliError with the line.
 */
export function parseManifest(text: string, manifestPath: string): ManifestLine[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw new CliError('usage', `${manifestPath} names no file`);
  if (lines.length > MAX_MANIFEST_LINES) throw new CliError('usage', `${manifestPath} names more than ${MAX_MANIFEST_LINES} files`);
  return lines.map((line, i) => {
    const [, digest, name] = /^([0-9a-f]{64}) [ *]([^\\].*)$/u.exec(line) ?? [];
    const [, bsdName, bsdDigest] = /^SHA256 \((.+)\) = ([0-9a-f]{64})$/u.exec(line) ?? [];
    const sha256 = digest ?? bsdDigest;
    const file = name ?? bsdName;
    if (sha256 === undefined || file === undefined)
      throw new CliError('usage', `${manifestPath} line ${i + 1}: expected a SHA-256 digest and a file name`);
    if (isAbsolute(file) || file.split('/').includes('..')) {
      throw new CliError(
        'usage',
        `${manifestPath} line ${i + 1}: expected a file below the manifest's folder, found ${JSON.stringify(file)}`,
      );
    }
    return { path: join(dirname(manifestPath), file), sha256 };
  });
}
