import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@verbatim/service-kit';
import { vkeyOf } from '@verbatim/tlog/node';
import { expect, onTestFinished, test } from 'vitest';
import { witnessConfig, type WitnessConfig } from './config.ts';
import { TestLog } from './_log.ts';

const log = new TestLog({ size: 0 });
const base = `name = "example.org/w"\nkey_file = "w.key"\ndata_dir = "data"\n`;

function load(text: string): WitnessConfig {
  const folder = mkdtempSync(join(tmpdir(), 'witness-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'w.toml'), text);
  return loadConfig(witnessConfig, join(folder, 'w.toml'));
}

test('the origin is the name of the key, unless it is given; keys of one origin come together', () => {
  const second = new TestLog({ size: 0 });
  const entry = (vkey: string, origin = ''): string => `[[logs]]\nvkey = "${vkey}"\n${origin && `origin = "${origin}"\n`}`;
  const { logs } = load(`${base}${entry(log.vkey)}${entry(second.vkey)}${entry(log.vkey, 'example.org/renamed')}`);
  expect([...logs].map(([origin, keys]) => [origin, keys.map(({ text }) => text)])).toEqual([
    ['example.org/log', [log.vkey, second.vkey]],
    ['example.org/renamed', [log.vkey]],
  ]);
});

test('by default it listens on the loopback only', () => {
  const { listen, metrics_listen } = load(`${base}logs = []\n`);
  expect([listen.host, metrics_listen.host]).toEqual(['127.0.0.1', '127.0.0.1']);
});

test.each([
  ['a key twice', `${base}[[logs]]\nvkey = "${log.vkey}"\n[[logs]]\nvkey = "${log.vkey}"\n`, 'logs.1.vkey'],
  ["a witness's key as a log's", `${base}[[logs]]\nvkey = "${vkeyOf(log.signer, 4)}"\n`, 'of type 1, found one of type 4'],
  ['a damaged key', `${base}[[logs]]\nvkey = "${log.vkey.slice(0, -1)}"\n`, 'logs.0.vkey'],
  ["a log of the witness's name", `${base.replace('/w', '/log')}[[logs]]\nvkey = "${log.vkey}"\n`, "witness's own name"],
  ['a name with a space', `${base.replace('/w', '/w w')}logs = []\n`, 'key name'],
  ['no logs at all', base, 'logs'],
  ['an unknown key', `${base}logs = []\nlog = []\n`, '"log"'],
])('%s is refused', (_, text, message) => {
  expect(() => load(text)).toThrow(message);
});
