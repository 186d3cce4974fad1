import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { testFolder } from './_temporary.ts';
import { readConfig } from './config.ts';

function configured(toml: string) {
  const file = join(testFolder(), 'rebuilder.toml');
  writeFileSync(file, toml);
  return { ...readConfig(file), folder: join(file, '..') };
}

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const sample = /```toml\n([\s\S]*?)```/.exec(readme)![1]!;
const smallest = `name = "acme-1"
operator = "acme"
key_file = "acme-1.key"
data_dir = "data"
cache_dir = "/var/cache/verbatim"
[log]
url = "https://log.example/"
policy_file = "log.policy"
`;

describe('the configuration', () => {
  test('of the README is valid, and shows the defaults', () => {
    const { subscriptions, listen, ...shown } = configured(
      sample.replace('-1.rebuilders.example', '-1').replace('"cache"', '"/var/cache/verbatim"'),
    );
    const { subscriptions: none, listen: anyPort, ...defaults } = configured(smallest);
    const local = (config: { folder: string }): unknown => JSON.parse(JSON.stringify(config).replaceAll(config.folder, ''));
    expect(local(shown)).toEqual(local(defaults));
    expect(subscriptions).toEqual([{ purl: 'pkg:npm/esbuild', targets: ['linux/amd64', 'linux/arm64'] }]);
    expect(none).toEqual([]);
    expect([listen.host, anyPort]).toEqual([anyPort.host, { host: '127.0.0.1', port: 0 }]);
  });

  test('opens nothing to the public unless it says so', () => {
    expect(configured(smallest).public_listen).toBeUndefined();
    expect(configured(`${smallest}[public_listen]\nport = 7400\n`).public_listen).toEqual({ host: '127.0.0.1', port: 7400 });
  });

  test('takes paths from its own folder', () => {
    const { key_file, data_dir, cache_dir, log, folder } = configured(smallest);
    expect([key_file, data_dir, cache_dir, log.policy_file]).toEqual([
      join(folder, 'acme-1.key'),
      join(folder, 'data'),
      '/var/cache/verbatim',
      join(folder, 'log.policy'),
    ]);
  });

  test.each([
    ['an unknown key', 'colour = "red"'],
    ['an operator with a space', 'operator = "a b"'],
    ['a name with a plus sign', 'name = "a+b"'],
    ['no workers', 'concurrency = 0'],
    ['a subscription to half a name', '[[subscriptions]]\npurl = "npm/esbuild"'],
    ['a subscription to no target', '[[subscriptions]]\ntargets = []'],
    ['a target that is no platform', '[[subscriptions]]\ntargets = ["amd64"]'],
    ['a limit of nothing', '[limits]\nmemory_mib = 0'],
    ['a log larger than a blob', '[limits]\nlog_kib = 8193'],
    ['a worker as root by number', '[worker]\nuid = 0'],
    ['a variable that is no name', '[worker.environment]\n"A B" = "x"'],
  ])('with %s is refused', (_, line) => {
    const [key] = line.split(' = ');
    const rest = smallest.split('\n').filter((each) => !each.startsWith(`${key} =`));
    const table = line.startsWith('[');
    expect(() => configured(table ? `${rest.join('\n')}\n${line}\n` : `${line}\n${rest.join('\n')}`)).toThrow('not valid');
  });
});
