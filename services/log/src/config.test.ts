import { rm } from 'node:fs/promises';
import { KEY_TYPE_COSIGNATURE } from '@verbatim/tlog';
import { testVkey } from '@verbatim/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder, writeConfig } from './_log.ts';

let dir: string;
beforeAll(async () => {
  dir = await temporaryFolder();
});
afterAll(() => rm(dir, { recursive: true }));

const witness = (name: string, more = ''): string =>
  `[[witnesses]]\nvkey = "${testVkey(`w.example/${name}`, KEY_TYPE_COSIGNATURE)}"\nurl = "http://127.0.0.1:1/${name}/"\n${more}`;

test('defaults: no witnesses, fail closed as soon as there are some', async () => {
  expect((await writeConfig(dir)).policy).toMatchObject({ witnesses: [], quorum: null });
  const { policy, witnesses } = await writeConfig(dir, witness('a') + witness('b'));
  expect(policy).toMatchObject({ quorum: 'configured', groups: [{ threshold: 2 }] });
  expect(witnesses.map(({ name, url }) => [name, url])).toEqual([
    ['w.example/a', 'http://127.0.0.1:1/a'],
    ['w.example/b', 'http://127.0.0.1:1/b'],
  ]);
});

test('mirrors are fed once a second at most, unless it is said otherwise', async () => {
  const mirrors = [witness('a'), witness('b', 'interval_ms = 0\n')].join('').replaceAll('[[witnesses]]', '[[mirrors]]');
  const config = await writeConfig(dir, mirrors);
  expect(config.mirrors.map(({ intervalMs }) => intervalMs)).toEqual([1000, 0]);
  expect(config.policy.witnesses).toEqual([]);
});

test('a number, "none" or the lines of a C2SP policy make the quorum', async () => {
  const two = witness('a') + witness('b', 'name = "bee"\n');
  expect((await writeConfig(dir, `quorum = 1\n${two}`)).policy.groups).toMatchObject([{ threshold: 1 }]);
  expect((await writeConfig(dir, `quorum = "none"\n${two}`)).policy.quorum).toBeNull();
  const lines = 'group both all w.example/a bee\\nquorum both';
  expect((await writeConfig(dir, `quorum = "${lines}"\n${two}`)).policy).toMatchObject({
    quorum: 'both',
    groups: [{ name: 'both', threshold: 2 }],
  });
});

test.each([
  ['a threshold above the number of witnesses', `quorum = 3\n${witness('a')}`],
  ['a threshold of 0', `quorum = 0\n${witness('a')}`],
  ['a number without witnesses', 'quorum = 1\n'],
  ['a policy that names somebody unknown', `quorum = "quorum nobody"\n${witness('a')}`],
  ['the same witness twice', `${witness('a')}${witness('a')}`],
  ['one key under two names', `${witness('a')}${witness('a', 'name = "b"\n')}`],
  ['a log’s vkey as a witness', `[[witnesses]]\nvkey = "${testVkey('x')}"\nurl = "http://127.0.0.1:1"\n`],
  ['a witness’s key as a mirror’s', `${witness('a')}${witness('a').replace('[[witnesses]]', '[[mirrors]]')}`],
  ['three GREASE lines', 'grease = 3\n'],
  ['a witness that is not reached by HTTP', witness('a').replace('http:', 'file:')],
  ['an unknown key', 'colour = "red"\n'],
  ['batches slower than 200 ms', 'batch_interval_ms = 201\n'],
])('%s is refused', async (_, toml) => {
  await expect(writeConfig(dir, toml)).rejects.toMatchObject({ code: 'invalid' });
});
