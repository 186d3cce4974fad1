import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sealedStdio } from './descriptors.ts';

test('our own descriptors are never inherited', () => {
  const file = openSync('/etc/hostname', 'r');
  using sealed = sealedStdio(['ignore', 'pipe', 'pipe']);
  expect(sealed.stdio[file] ?? 'ignore').toBe('ignore');
  closeSync(file);
});

test('a descriptor that this process inherited is replaced by /dev/null', () => {
  const script = `import { sealedStdio } from ${JSON.stringify(new URL('./descriptors.ts', import.meta.url).href)};
    import { spawnSync } from 'node:child_process';
    using sealed = sealedStdio(['ignore', 'pipe', 'pipe']);
    for (const stdio of [[...sealed.stdio], ['ignore', 'pipe', 'pipe']])
      console.log(spawnSync('readlink', ['/proc/self/fd/40'], { stdio }).stdout.toString().trim());`;
  const secret = openSync('/etc/hostname', 'r');
  // Node itself closes the first sixteen when it starts (uv_disable_stdio_inheritance), and no others.
  const stdio = Array.from({ length: 41 }, (_, index) => (index === 40 ? secret : index < 3 ? 'pipe' : 'ignore')) as (
    | 'pipe'
    | 'ignore'
    | number
  )[];
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { stdio });
  closeSync(secret);
  expect(stdout.toString()).toBe('/dev/null\n/etc/hostname\n');
});
