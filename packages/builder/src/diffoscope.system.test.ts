import { readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from './_temporary.ts';
import { runDiffoscope, type DiffoscopeOutcome } from './diffoscope.ts';
import { detectSandbox } from './sandbox/detect.ts';
import type { Limits } from './sandbox/limits.ts';

async function compare(published: string | Uint8Array, rebuilt: string | Uint8Array, limits?: Partial<Limits>): Promise<DiffoscopeOutcome> {
  const folder = await temporaryFolder();
  const paths = { published: join(folder, 'a'), rebuilt: join(folder, 'b') };
  writeFileSync(paths.published, published, { mode: 0o600 });
  writeFileSync(paths.rebuilt, rebuilt, { mode: 0o600 });
  const workDir = join(folder, 'work');
  const outcome = await runDiffoscope({ ...paths, sandbox: await detectSandbox(), workDir, ...(limits === undefined ? {} : { limits }) });
  // Nothing stays.
  expect(readdirSync(folder).sort()).toEqual(['a', 'b']);
  return outcome;
}

describe('diffoscope in the sandbox', () => {
  test('reports what differs in an archive, and leaves nothing behind', async () => {
    const outcome = await compare(gzipSync('one line\n'), gzipSync('another line\n'));
    expect(outcome).toMatchObject({ kind: 'report', version: expect.stringMatching(/^\d+$/) as string, truncated: false });
    expect((outcome as { text: string }).text).toMatch(/-one line\n│ \+another line/);
  });

  test('is stopped by a limit of time, memory or output, and says by which', async () => {
    const lines = (count: number, seed: number): string =>
      Array.from({ length: count }, (_, i) => `line ${(i * seed) % 99_991}`).join('\n');
    const long = [lines(200_000, 7), lines(200_000, 11)] as const;
    expect(await compare(...long, { cpuSeconds: 1 })).toMatchObject({ kind: 'stopped', limit: 'cpu-time' });
    // Without control groups Python itself finds that there is no more.
    expect((await compare(...long, { memoryBytes: 16 * 1024 ** 2 })).kind).toMatch(/^(stopped|failed)$/);
    const cut = await compare(lines(2000, 7), lines(2000, 11), { logBytes: 4096 });
    expect(cut).toMatchObject({ kind: 'report', truncated: true });
    expect((cut as { text: string }).text.length).toBeLessThan(3 * 4096);
  });

  test('is not installed everywhere, and then says what to type', async () => {
    const folder = await temporaryFolder();
    const request = {
      published: join(folder, 'a'),
      rebuilt: join(folder, 'b'),
      sandbox: await detectSandbox(),
      workDir: join(folder, 'work'),
    };
    const outcome = await runDiffoscope({ ...request, searchPath: '/bin/nowhere' });
    expect(outcome).toMatchObject({
      kind: 'not-installed',
      install: expect.stringContaining('apt-get install diffoscope-minimal') as string,
    });
  });

  test('reads plain files only: no link leads it to another', async () => {
    const folder = await temporaryFolder();
    symlinkSync('/etc/passwd', join(folder, 'link'));
    writeFileSync(join(folder, 'b'), 'x');
    const request = {
      published: join(folder, 'link'),
      rebuilt: join(folder, 'b'),
      sandbox: await detectSandbox(),
      workDir: join(folder, 'work'),
    };
    await expect(runDiffoscope(request)).rejects.toMatchObject({ code: 'bad-output' });
  });
});
