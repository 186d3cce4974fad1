import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { ConfigError, filePath, listenAddress, loadConfig } from './config.ts';
import { temporaryFolder } from './_temporary.ts';

const schema = z.strictObject({
  data_dir: filePath(),
  listen: listenAddress({ host: '127.0.0.1', port: 8080 }),
  interval_ms: z.int().min(1).default(200),
  logs: z.array(z.strictObject({ vkey: z.string() })).default([]),
});

function load(text: string | Uint8Array): z.output<typeof schema> {
  const file = join(temporaryFolder(), 'service.toml');
  writeFileSync(file, text);
  return loadConfig(schema, file);
}

function failure(run: () => unknown): ConfigError {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('expected a ConfigError');
}

test('a relative path starts at the configuration file, an absolute one stays', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'service.toml');
  writeFileSync(file, 'data_dir = "data/log"\n');
  expect(loadConfig(schema, file).data_dir).toBe(join(folder, 'data/log'));
  writeFileSync(file, 'data_dir = "/srv/log"\n');
  expect(loadConfig(schema, file).data_dir).toBe('/srv/log');
});

test('defaults fill what is not there', () => {
  expect(load('data_dir = "d"')).toMatchObject({ listen: { host: '127.0.0.1', port: 8080 }, interval_ms: 200, logs: [] });
  expect(load('data_dir = "d"\n[listen]\nport = 0').listen).toEqual({ host: '127.0.0.1', port: 0 });
});

test('every wrong key is named with what was expected and found', () => {
  const error = failure(() => load('interval_ms = "soon"\nlisten = { port = 70000, hots = "x" }\n[[logs]]\nvkey = 1\n'));
  expect(error.code).toBe('invalid');
  expect(error.message).toContain('service.toml');
  expect(error.message).toContain('key data_dir: Invalid input: expected string, received undefined; found nothing');
  expect(error.message).toContain('key interval_ms: Invalid input: expected number, received string; found "soon"');
  expect(error.message).toMatch(/key listen\.port: .*65535.*; found 70000/);
  expect(error.message).toContain('key listen: expected only known keys, found unknown "hots"');
  expect(error.message).toMatch(/key logs\.0\.vkey: .*; found 1/);
});

test('an unknown key at the top is refused', () => {
  expect(failure(() => load('data_dir = "d"\ndatadir = "e"')).message).toContain('found unknown "datadir"');
});

test('a missing file, bad TOML, bad UTF-8 and an oversize file are told apart', () => {
  expect(failure(() => loadConfig(schema, join(temporaryFolder(), 'none.toml'))).code).toBe('unreadable');
  expect(failure(() => load('data_dir = ')).code).toBe('malformed-toml');
  expect(failure(() => load('data_dir = "a"\ndata_dir = "b"')).code).toBe('malformed-toml');
  expect(failure(() => load(Uint8Array.of(0x61, 0x3d, 0x22, 0xff, 0x22))).code).toBe('malformed-toml');
  expect(failure(() => load(`# ${'x'.repeat(1 << 20)}`)).code).toBe('unreadable');
});

test('a path with a NUL byte is refused', () => {
  expect(failure(() => load('data_dir = "a\\u0000b"')).code).toBe('invalid');
});
