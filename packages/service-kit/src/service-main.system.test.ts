import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runScript, temporaryFolder, type Child } from './_temporary.ts';

const main = (...args: string[]): Child['exited'] =>
  runScript(`import { serviceMain } from './index.ts';
    import { z } from 'zod';
    process.argv = [process.execPath, ...${JSON.stringify(args)}];
    await serviceMain({
      name: 'probe',
      serves: 'probe',
      config: z.strictObject({ depth: z.int() }),
      init: async ({ depth }) => ['probe ' + depth],
      serve: async ({ depth }) => ({ url: 'http://' + depth, async [Symbol.asyncDispose]() {} }),
    });
    `).exited;

test('init prints what it made, by the configuration that it was given', async () => {
  const file = join(temporaryFolder(), 'probe.toml');
  writeFileSync(file, 'depth = 7\n');
  expect(await main('init', '--config', file)).toMatchObject({ code: 0, stdout: 'probe 7\n', stderr: '' });
});

test('help is what was asked for: on stdout, with exit code 0', async () => {
  expect(await main('--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage: main.ts'), stderr: '' });
});

test.each([
  ['no command', [], 'expected one command, init or serve'],
  ['another command', ['srve', '--config', 'x'], 'found "srve"'],
  ['a flag that is unknown', ['serve', '--conifg', 'x'], '--conifg'],
  ['no configuration', ['serve'], 'expected --config FILE'],
])('%s is exit code 2, with the usage', async (_, args, found) => {
  const { code, stdout, stderr } = await main(...args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(found);
  expect(stderr).toContain('Usage: main.ts');
});

test.each(['init', 'serve'])('a configuration that cannot be used is exit code 2 and a message for people, of %s', async (command) => {
  const folder = temporaryFolder();
  const wrong = join(folder, 'wrong.toml');
  writeFileSync(wrong, 'depht = 7\n');
  for (const [file, found] of [
    [join(folder, 'none.toml'), 'expected a readable configuration file'],
    [wrong, 'unknown "depht"'],
  ] as const) {
    const { code, stdout, stderr } = await main(command, '--config', file);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`${file}: `);
    expect(stderr).toContain(found);
    expect(stderr).not.toContain(' at ');
  }
});
