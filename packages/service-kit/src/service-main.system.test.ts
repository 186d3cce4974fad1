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

test('help is what was asked for: on stdout, with exit code 0', async () => {
  expect(await main('--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage: main.ts'), stderr: '' });
});

test('a configuration that cannot be used is exit code 2 and a message for people, of either command', async () => {
  const file = join(temporaryFolder(), 'probe.toml');
  writeFileSync(file, 'depht = 7\n');
  for (const command of ['init', 'serve']) {
    const { code, stdout, stderr } = await main(command, '--config', file);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      `${file}: the configuration is not valid:\n` +
        '  key depth: Invalid input: expected number, received undefined; found nothing\n' +
        '  key (top level): expected only known keys, found unknown "depht"\n',
    );
  }
});
