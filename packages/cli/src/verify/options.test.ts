import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { VERIFY_OPTIONS, parseVerifyArgs } from './options.ts';

function byCommander(args: readonly string[]): { files: string[]; options: object } {
  let read: { files: string[]; options: object } | undefined;
  const command = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  for (const { name, value } of VERIFY_OPTIONS) command.option(`--${name}${value === undefined ? '' : ` <${value}>`}`);
  command.argument('[files...]').action((files: string[], options: object) => {
    read = { files, options };
  });
  command.parse([...args], { from: 'user' });
  return read!;
}

describe('the quick reading of verify’s command line', () => {
  test.each([
    [],
    ['a'],
    ['-'],
    ['a', '--json', 'b'],
    ['--policy', 'p', 'a', '--save-bundle', 'x', '--quiet'],
    ['--policy=p', 'a'],
    ['--policy=', 'a'],
    ['a', '--offline', '--bundle', 'b', '--explain', '--release', 'pkg:npm/x@1', '--member', 'm'],
    ['--policy', 'p', '--policy', 'q', 'a'],
    ['--', '--json'],
    ['a', '--', '-'],
    ['--manifest', 'SHA256SUMS'],
    ['a', '--ask-rebuilders', '--audit'],
  ])('%j is read as commander reads it', (...args) => {
    expect(parseVerifyArgs(args)).toEqual(byCommander(args));
  });

  test.each([['--help'], ['-h'], ['--no-such'], ['--json=yes'], ['--policy'], ['-x'], ['a', '--quiet=1'], ['--polic', 'p']])(
    '%j is left to commander',
    (...args) => {
      expect(parseVerifyArgs(args)).toBeNull();
    },
  );

  test('a value that looks like an option is left to commander, which takes it', () => {
    expect(parseVerifyArgs(['--policy', '-x', 'a'])).toBeNull();
    expect(byCommander(['--policy', '-x', 'a'])).toEqual({ files: ['a'], options: { policy: '-x' } });
  });
});
