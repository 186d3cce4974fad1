import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { downloadCrate } from './download.ts';
import { cargoClient, followed } from './settings.ts';

const HOSTILE = `
[source.crates-io]
replace-with = "mirror"
[source.mirror]
registry = "sparse+https://user:secret@mirror.example/index/"
[registries.own]
index = "sparse+https://own.example/index/"
credential-provider = ["/home/u/evil"]
[registry]
global-credential-providers = ["/home/u/evil"]
default = "own"
[http]
proxy = "http://proxy.example"
debug = true
[net]
retry = 5
offline = true
[build]
rustflags = ["-Clinker=/evil"]
rustc-wrapper = "/evil"
target-dir = "/evil"
[alias]
info = "run --release"
[env]
RUSTC = "/evil"
[profile.release]
lto = true
[target.x86_64-unknown-linux-gnu]
runner = "/evil"
`;

test('of the user’s configuration only what says where to download from is followed', () => {
  const { text, notices } = followed(parse(HOSTILE));
  expect(parse(text)).toEqual({
    source: { 'crates-io': { 'replace-with': 'mirror' }, mirror: { registry: 'sparse+https://user:secret@mirror.example/index/' } },
    registries: { own: { index: 'sparse+https://own.example/index/' } },
    registry: { default: 'own' },
    http: { proxy: 'http://proxy.example' },
    net: { retry: 5 },
  });
  expect(notices).toHaveLength(1);
  expect(notices[0]).toContain(
    'registries.own.credential-provider, registry.global-credential-providers, http.debug, net.offline, build, alias',
  );
  expect(notices[0]).not.toContain('secret');
});

test('our cargo has a home of its own, readable by this user alone, and an environment without anything that builds', async () => {
  const [home, theirs] = [await temporaryFolder(), await temporaryFolder()];
  await writeFile(join(theirs, 'config.toml'), HOSTILE);
  await writeFile(join(theirs, 'credentials.toml'), '[registries.own]\ntoken = "secret"\n');
  const environment = {
    ...{ HOME: process.env['HOME']!, CARGO_HOME: theirs, CARGO_HTTP_PROXY: 'http://p.example', CARGO_REGISTRIES_OWN_TOKEN: 't' },
    ...{ HTTPS_PROXY: 'http://proxy.example', RUSTFLAGS: '-Clinker=/evil', CARGO_BUILD_RUSTFLAGS: '-x', RUSTC_WRAPPER: '/evil' },
    ...{ CARGO_TARGET_DIR: '/evil', CARGO_HTTP_DEBUG: 'true', CARGO_REGISTRIES_OWN_CREDENTIAL_PROVIDER: '/evil', LD_PRELOAD: '/evil' },
  };
  const client = await cargoClient(environment, home);
  if ('kind' in client) throw new Error(client.detail);
  expect(Object.keys(client.env).sort()).toEqual([
    ...['CARGO_HOME', 'CARGO_HTTP_PROXY', 'CARGO_REGISTRIES_OWN_TOKEN', 'CARGO_TERM_COLOR', 'GIT_TERMINAL_PROMPT', 'HOME', 'HTTPS_PROXY'],
    ...['LC_ALL', 'PATH', 'RUSTUP_AUTO_INSTALL', 'RUSTUP_HOME'],
  ]);
  expect(client.cargoHome.startsWith(home)).toBe(true);
  for (const name of ['config.toml', 'credentials.toml']) expect((await stat(join(client.cargoHome, name))).mode & 0o777).toBe(0o600);
  expect(await readFile(join(client.cargoHome, 'config.toml'), 'utf8')).not.toContain('evil');
});

test('a configuration that is no TOML is a reason, and its content is not repeated', async () => {
  const [home, theirs] = [await temporaryFolder(), await temporaryFolder()];
  await mkdir(join(home, 'x'));
  await writeFile(join(theirs, 'config.toml'), 'token = secret\n');
  const found = await cargoClient({ HOME: process.env['HOME']!, CARGO_HOME: theirs }, home);
  expect(found).toMatchObject({ kind: 'unavailable', detail: expect.stringContaining('is no TOML') });
  expect(JSON.stringify(found)).not.toContain('secret');
});

describe.each<[string, string | null, string]>([
  ['none', null, 'tool-missing'],
  ['one that is too old', 'cargo 0.66.0', 'tool-too-old'],
])('on a machine whose cargo is %s', (_, version, code) => {
  const path = process.env['PATH'];
  beforeEach(async () => {
    const programs = await temporaryFolder();
    if (version !== null) await writeFile(join(programs, 'cargo'), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
    process.env['PATH'] = programs;
  });
  afterEach(() => {
    process.env['PATH'] = path;
  });

  test('a download fails, and the message says what to install', async () => {
    const client = await cargoClient({}, await temporaryFolder());
    if ('kind' in client) throw new Error(client.detail);
    await expect(downloadCrate({ client, timeout: 60_000 }, 'netr', '0.1.4')).rejects.toMatchObject({
      code,
      message: expect.stringContaining('install Rust with cargo 1.82 or later'),
    });
  });
});
