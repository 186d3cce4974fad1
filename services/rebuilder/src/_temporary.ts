import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Test-only: an empty folder that everybody can pass through, gone after the test. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rebuilder-'));
  chmodSync(folder, 0o755);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
