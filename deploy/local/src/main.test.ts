import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

function start(...parameters: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...parameters], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('npm start', () => {
  it.each([['--bogus'], ['surplus'], ['--data']])('ends with 2 and shows how it is used when it is given %s', (parameter) => {
    expect(start(parameter)).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/^error: .*\n\nUsage: npm start -- \[options\]\n/),
    });
  });

  it('says what it can do when asked, and ends well', () => {
    const { status, stdout } = start('--help');
    expect(status).toBe(0);
    for (const option of ['--arm64', '--mirror', '--json', '--keep', '--data <folder>']) expect(stdout).toContain(`  ${option} `);
  });
});
