import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { scratchIn, settingsIn, stateIn, writeSettings } from './apt-machine.ts';

test('no setting of our apt lies in a folder that its clients write to', async () => {
  const folder = await temporaryFolder();
  const { APT_CONFIG } = await writeSettings(folder, 'APT::Architecture "amd64";', 'deb mirror bookworm main\n');
  expect(readFileSync(APT_CONFIG, 'utf8')).toBe('APT::Architecture "amd64";');
  const [settings, written] = [settingsIn(folder), [stateIn(folder), ...scratchIn(folder)]];
  expect(settings).toContain(APT_CONFIG);
  expect(settings).toContain(join(folder, 'etc', 'sources.list'));
  for (const path of [...settings, ...written]) expect(existsSync(path)).toBe(true);
  for (const path of settings) for (const other of written) expect(`${path}/`.startsWith(`${other}/`)).toBe(false);
});
