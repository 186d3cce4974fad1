import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { lock, waitForLock } from './lock.ts';

test('one holds it alone, many hold it shared', async () => {
  const file = join(await temporaryFolder(), 'locks', 'a');
  await using first = await waitForLock(file, { mode: 'shared' });
  await using second = await waitForLock(file, { mode: 'shared' });
  expect(await lock(file, { mode: 'exclusive', try: true })).toBeNull();
  await first.release();
  await second.release();
  await using alone = await lock(file, { mode: 'exclusive', try: true });
  expect(alone).not.toBeNull();
  expect(await lock(file, { mode: 'shared', try: true })).toBeNull();
});

test('who waits gets it when it is free', async () => {
  const file = join(await temporaryFolder(), 'a');
  const first = await waitForLock(file, { mode: 'exclusive' });
  let got = false;
  const second = waitForLock(file, { mode: 'exclusive' }).then((held) => {
    got = true;
    return held;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(got).toBe(false);
  await first.release();
  await (await second).release();
});

test('waiting can be given up', async () => {
  const file = join(await temporaryFolder(), 'a');
  await using _held = await waitForLock(file, { mode: 'exclusive' });
  await expect(waitForLock(file, { mode: 'exclusive', signal: AbortSignal.timeout(50) })).rejects.toThrow(/timeout/i);
});

test('a holder that is killed holds nothing any more', async () => {
  const file = join(await temporaryFolder(), 'a');
  const script = `import { waitForLock } from ${JSON.stringify(new URL('./lock.ts', import.meta.url).href)};
    await waitForLock(${JSON.stringify(file)}, { mode: 'exclusive' }); console.log('held'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  expect(await lock(file, { mode: 'exclusive', try: true })).toBeNull();
  holder.kill('SIGKILL');
  await (await waitForLock(file, { mode: 'exclusive', signal: AbortSignal.timeout(50_000) })).release();
});

test('a lock that cannot be made is an error', async () => {
  const file = join(await temporaryFolder(), 'file');
  writeFileSync(file, '');
  await expect(lock(join(file, 'a'), { mode: 'shared' })).rejects.toThrow(/EEXIST|ENOTDIR/);
  mkdirSync(join(file, '..', 'folder', 'a'), { recursive: true });
  await using held = await lock(join(file, '..', 'folder', 'a'), { mode: 'shared' });
  expect(held).not.toBeNull();
});
