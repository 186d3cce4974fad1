import { InMemoryLog } from '@verbatim/testkit';
import { utf8Encode } from '@verbatim/tlog';
import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { logKey, temporaryFolder } from '../_support.ts';
import { rememberAudited, wasAudited } from './audited.ts';

const log = new InMemoryLog();
while (log.size < 200n) log.add(utf8Encode(`entry ${log.size}`));
const at = (size: bigint) => ({ origin: log.origin, size, root: log.root(size) });

test('only the very checkpoint that was audited here counts', async () => {
  const state = await temporaryFolder();
  await rememberAudited(state, logKey(log), at(100n));
  expect(await wasAudited(state, logKey(log), at(100n))).toBe(true);
  expect(await wasAudited(state, logKey(log), { ...at(100n), root: log.root(99n) })).toBe(false);
  expect(await wasAudited(state, logKey(log), at(101n))).toBe(false);
  expect(await wasAudited(state, logKey(new InMemoryLog({ origin: 'other.example/log' })), at(100n))).toBe(false);
  expect(await wasAudited(await temporaryFolder(), logKey(log), at(100n))).toBe(false);
  expect(await wasAudited(null, logKey(log), at(100n))).toBe(false);
});

test('the newest 64 are kept, and a damaged file counts for nothing', async () => {
  const state = await temporaryFolder();
  for (let size = 1n; size <= 70n; size++) await rememberAudited(state, logKey(log), at(size));
  expect(await wasAudited(state, logKey(log), at(6n))).toBe(false);
  expect(await wasAudited(state, logKey(log), at(7n))).toBe(true);
  const folder = join(state, 'audited', readdirSync(join(state, 'audited'))[0]!);
  expect(readdirSync(folder)).toHaveLength(64);
  truncateSync(
    join(
      folder,
      readdirSync(folder).find((name) => name.startsWith('70-'))!,
    ),
    3,
  );
  expect(await wasAudited(state, logKey(log), at(70n))).toBe(false);
});
