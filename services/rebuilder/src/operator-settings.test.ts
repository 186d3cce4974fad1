import { expect, test } from 'vitest';
import { goVariables, npmVariables, operatorSettings, pipVariables } from './operator-settings.ts';

test('go’s mirrors go on to the worker, and nothing that changes bits', () => {
  expect(goVariables({ GOPROXY: 'https://mirror.example', GOSUMDB: 'sum.example', GONOPROXY: '', GOFLAGS: '-mod=mod' })).toEqual({
    GOPROXY: 'https://mirror.example',
    GOSUMDB: 'sum.example',
  });
});

test('npm’s registries, proxies and certificates go on to the worker, and no credentials', () => {
  const settings = {
    registry: 'https://npm.example/',
    '@acme:registry': 'https://acme.example/',
    'https-proxy': 'http://proxy.example:3128/',
    proxy: null,
    noproxy: ['a.example', 'b.example'],
    cafile: '/etc/ca.pem',
    'strict-ssl': true,
    '//npm.example/:_authToken': 'secret',
    prefix: '/usr',
  };
  expect(npmVariables(settings)).toEqual({
    npm_config_registry: 'https://npm.example/',
    'npm_config_@acme:registry': 'https://acme.example/',
    npm_config_https_proxy: 'http://proxy.example:3128/',
    npm_config_noproxy: 'a.example,b.example',
    npm_config_cafile: '/etc/ca.pem',
    npm_config_strict_ssl: 'true',
  });
});

test('the clients of this machine are asked', async () => {
  expect(await operatorSettings()).toMatchObject({ GOPROXY: expect.any(String), npm_config_registry: expect.any(String) });
});

test('of pip’s settings those that say where to download from become variables', () => {
  const lines = [
    "global.index-url='https://mirror.example/simple'",
    "global.trusted-host='a.example\\nb.example'",
    "install.user='true'",
    '',
    'x',
  ];
  expect(pipVariables(lines)).toEqual({ PIP_INDEX_URL: 'https://mirror.example/simple', PIP_TRUSTED_HOST: 'a.example b.example' });
  expect(pipVariables(["global.timeout='5'", ":env:.index-url='https://elsewhere.example/'"])).toEqual({});
});
