import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as z from 'zod';

const run = promisify(execFile);
const LIMITS = { timeout: 30_000, maxBuffer: 4 * 1024 * 1024, cwd: '/' };

const GO_SETTINGS = ['GOPROXY', 'GONOPROXY', 'GOSUMDB', 'GONOSUMDB', 'GOAUTH'] as const;
const NPM_SETTING = /^(?:registry|proxy|https-proxy|noproxy|cafile|strict-ssl|@[a-z0-9._~-]+:registry)$/;

/**
 * Where the node's user tells `go` and `npm` to download from (`go env -w`, ~/.npmrc), as variables: a worker of another user cannot read the
 * files that say so. Credentials are left out; whoever needs them puts them into the worker's configured environment. A client that is missing
 * has no settings: the worker will say that it is missing.
 */
export async function operatorSettings(): Promise<Record<string, string>> {
  const [go, npm] = await Promise.all([
    settingsOf('go', ['env', '-json', ...GO_SETTINGS]),
    settingsOf('npm', ['config', 'list', '--json']),
  ]);
  return { ...goVariables(go), ...npmVariables(npm) };
}

async function settingsOf(program: string, parameters: readonly string[]): Promise<Record<string, unknown>> {
  try {
    const { stdout } = await run(program, [...parameters], LIMITS);
    return z.record(z.string(), z.unknown()).parse(JSON.parse(stdout));
  } catch {
    return {};
  }
}

/** Pure part. */
export function goVariables(settings: Readonly<Record<string, unknown>>): Record<string, string> {
  return pick(Object.entries(settings).filter(([name]) => (GO_SETTINGS as readonly string[]).includes(name)));
}

/** Pure part: npm reads `npm_config_https_proxy` as `https-proxy`; the name of a scope's registry stays as it is. */
export function npmVariables(settings: Readonly<Record<string, unknown>>): Record<string, string> {
  const named = Object.entries(settings).filter(([name]) => NPM_SETTING.test(name));
  return pick(named.map(([name, value]) => [`npm_config_${name.startsWith('@') ? name : name.replaceAll('-', '_')}`, value]));
}

function pick(settings: readonly (readonly [string, unknown])[]): Record<string, string> {
  const texts = settings.map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value] as const);
  return Object.fromEntries(
    texts
      .filter(([, value]) => typeof value === 'boolean' || (typeof value === 'string' && value !== ''))
      .map(([name, value]) => [name, String(value)]),
  );
}
