import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@verbatim/service-kit';
import { expect, onTestFinished, test } from 'vitest';
import { mirrorConfig, type MirrorConfig } from './config.ts';
import { TestLog } from './_log.ts';

const log = new TestLog({ size: 0 });
const second = new TestLog({ size: 0 });
const base = `name = "example.org/m"\nkey_file = "m.key"\ndata_dir = "data"\n`;
const table = ({ vkey }: TestLog, url = ''): string => `[[logs]]\nvkey = "${vkey}"\n${url && `url = "${url}"\n`}`;

function load(text: string): MirrorConfig {
  const folder = mkdtempSync(join(tmpdir(), 'mirror-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'm.toml'), text);
  return loadConfig(mirrorConfig, join(folder, 'm.toml'));
}

test('keys of one origin come together, and one of them says where the log is read', () => {
  const { logs, sources } = load(`${base}${table(log)}${table(second, 'https://log.example/')}`);
  expect([...logs].map(([origin, keys]) => [origin, keys.map(({ text }) => text)])).toEqual([[log.origin, [log.vkey, second.vkey]]]);
  expect([...sources]).toEqual([[log.origin, 'https://log.example/']]);
});

test.each([
  ['a key twice', `${base}${table(log)}${table(log)}`, 'logs.1.vkey: expected each key once'],
  [
    'a second url for an origin',
    `${base}${table(log, 'https://a.example')}${table(second, 'https://b.example')}`,
    'logs.1.url: expected one',
  ],
  ["a log of the mirror's name", `${base.replace('/m', '/log')}${table(log)}`, "mirror's own name"],
  ['an upload longer than an hour', `${base}upload_seconds = 3601\nlogs = []\n`, 'upload_seconds'],
  ['257 uploads at a time', `${base}max_uploads = 257\nlogs = []\n`, 'max_uploads'],
  ['ten looks a second and more', `${base}poll_ms = 99\nlogs = []\n`, 'poll_ms'],
])('%s is refused', (_, text, message) => {
  expect(() => load(text)).toThrow(message);
});
