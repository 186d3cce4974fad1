import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeError } from '../errors.ts';

/** What came of diffoscope. */
export interface DiffoscopeResult {
  /** `cut-short`: a limit of time, memory or size was reached; the text is what it had by then. */
  readonly status: 'complete' | 'cut-short' | 'not-installed' | 'failed';
  readonly version: string | null;
  readonly text: string;
  /** For people: why it is not complete; empty when it is. */
  readonly message: string;
}

/** Runs diffoscope in the sandbox that builds run in: its inputs are as hostile as they. Never throws: a missing report changes no answer. */
export async function compareInSandbox(published: Uint8Array, rebuilt: Uint8Array): Promise<DiffoscopeResult> {
  const folder = mkdtempSync(join(tmpdir(), 'verbatim-explain-'));
  try {
    const { detectSandbox, runDiffoscope } = await import('@verbatim/builder');
    const paths = { published: join(folder, 'published'), rebuilt: join(folder, 'rebuilt') };
    writeFileSync(paths.published, published, { mode: 0o600 });
    writeFileSync(paths.rebuilt, rebuilt, { mode: 0o600 });
    const outcome = await runDiffoscope({ ...paths, sandbox: await detectSandbox(), workDir: join(folder, 'work') });
    switch (outcome.kind) {
      case 'report':
        return outcome.truncated
          ? { status: 'cut-short', version: outcome.version, text: outcome.text, message: 'diffoscope: its report was too long and is cut' }
          : { status: 'complete', version: outcome.version, text: outcome.text, message: '' };
      case 'stopped':
        return {
          status: 'cut-short',
          version: outcome.version,
          text: outcome.text,
          message: `diffoscope: stopped at its limit of ${outcome.limit}`,
        };
      case 'failed':
        return { status: 'failed', version: outcome.version, text: '', message: `diffoscope failed: ${outcome.detail}` };
      case 'not-installed':
        return { status: 'not-installed', version: null, text: '', message: outcome.install };
    }
  } catch (error) {
    return { status: 'failed', version: null, text: '', message: `diffoscope was not run: ${describeError(error)}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
