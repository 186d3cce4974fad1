import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { downloadEnvironment, goClient, networkOf } from './settings.ts';

const folders = { home: '/h', modCache: '/m', goPath: '/p' };

test('proxies and mirrors of the user’s are followed', () => {
  const { network, notices } = networkOf(
    {
      GOPROXY: 'https://mirror.example,direct',
      GONOPROXY: 'corp.example',
      GOSUMDB: 'known.example https://mirror.example/sumdb',
      GOAUTH: 'netrc',
    },
    { HTTPS_PROXY: 'http://proxy.example', SSL_CERT_FILE: '/etc/ca', HOME: '/home/u', GOPRIVATE: 'x', LD_PRELOAD: '/evil' },
  );
  expect(network).toEqual({
    HTTPS_PROXY: 'http://proxy.example',
    SSL_CERT_FILE: '/etc/ca',
    NETRC: '/home/u/.netrc',
    GOPROXY: 'https://mirror.example,direct',
    GONOPROXY: 'corp.example',
    GOAUTH: 'netrc',
    GOSUMDB: 'known.example https://mirror.example/sumdb',
  });
  expect(notices).toEqual([]);
});

test.each([
  [{ GOSUMDB: 'off' }, {}],
  [{ GOSUMDB: 'own.example+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8' }, {}],
  [{ GONOSUMDB: '*' }, {}],
  [{ GOINSECURE: '*' }, {}],
  [{ GOFLAGS: '-insecure' }, {}],
  [{}, { GONOSUMCHECK: '1' }],
])('%j %j does not switch the checksum database off, and that is said', (settings, environment) => {
  const { network, notices } = networkOf(settings, environment);
  expect(notices).toHaveLength(1);
  expect(notices[0]).toContain('checksum database');
  const env = downloadEnvironment({ program: 'go', root: '/go', network, notices }, folders, null);
  for (const name of ['GOSUMDB', 'GONOSUMDB', 'GOINSECURE', 'GONOSUMCHECK', 'GOPRIVATE']) expect(env[name]).toBeUndefined();
  expect(env['GOFLAGS']).toBe('-modcacherw');
});

test('settings in the user’s `go env -w` file count only as far as they say where to download from', async () => {
  const home = await temporaryFolder();
  const environment = { PATH: process.env['PATH']!, HOME: home };
  const hostile = [
    'GOPROXY=https://mirror.example',
    'GOFLAGS=-ldflags=-X=main.x=y',
    'GOTOOLCHAIN=go1.99.9',
    'GOAMD64=v4',
    'GOSUMDB=off',
    'CGO_ENABLED=1',
  ];
  execFileSync('go', ['env', '-w', ...hostile], { env: { ...environment, GOTOOLCHAIN: 'local' } });
  const client = await goClient(environment);
  const env = downloadEnvironment(client, folders, 'file:///store');
  expect(env).toEqual({
    NETRC: `${home}/.netrc`,
    GOPROXY: 'file:///store,https://mirror.example',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: '/h',
    GOPATH: '/p',
    GOMODCACHE: '/m',
    GOCACHE: '/h/.cache/go-build',
    GOENV: 'off',
    GOWORK: 'off',
    GOTOOLCHAIN: 'local',
    GOTELEMETRY: 'off',
    GOFLAGS: '-modcacherw',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    LC_ALL: 'C',
    ...(client.network['GOAUTH'] === undefined ? {} : { GOAUTH: client.network['GOAUTH'] }),
  });
  expect(client.notices).toHaveLength(1);
});

test('without go the message says what to install', async () => {
  const path = process.env['PATH'];
  process.env['PATH'] = '/nowhere';
  try {
    await expect(goClient({})).rejects.toMatchObject({ code: 'tool-missing', message: expect.stringContaining('install Go') });
  } finally {
    process.env['PATH'] = path;
  }
});
