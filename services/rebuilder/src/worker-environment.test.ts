import { expect, test } from 'vitest';
import { workerEnvironment } from './worker-environment.ts';

const node = {
  PATH: '/opt/go/bin:/usr/bin',
  HOME: '/root',
  AWS_SECRET_ACCESS_KEY: 'secret',
  CREDENTIALS_DIRECTORY: '/run/credentials/rebuilder.service',
  NODE_OPTIONS: '--require=/tmp/evil.js',
  GOFLAGS: '-mod=mod',
  GOPROXY: 'https://mirror.example',
  APT_CONFIG: '/etc/apt/mirrors.conf',
  https_proxy: 'http://proxy.example:3128',
  npm_config_registry: 'https://npm.example/',
  NPM_CONFIG_CAFILE: '/etc/ca.pem',
  EMPTY: undefined,
};

test('the worker gets where to download from, a home of its own, and nothing else of the node’s environment', () => {
  expect(workerEnvironment(node, '/cache/home', {})).toEqual({
    PATH: '/opt/go/bin:/usr/bin',
    HOME: '/cache/home',
    LANG: 'C.UTF-8',
    GOPROXY: 'https://mirror.example',
    APT_CONFIG: '/etc/apt/mirrors.conf',
    https_proxy: 'http://proxy.example:3128',
    npm_config_registry: 'https://npm.example/',
    NPM_CONFIG_CAFILE: '/etc/ca.pem',
  });
});

test('what the operator configured wins', () => {
  expect(workerEnvironment(node, '/cache/home', { GOPROXY: 'off', FOO: 'bar' })).toMatchObject({ GOPROXY: 'off', FOO: 'bar' });
});
