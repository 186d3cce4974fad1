import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as z from 'zod';

const run = promisify(execFile);
const LIMITS = { timeout: 30_000, maxBuffer: 4 * 1024 * 1024, cwd: '/' };

const GO_SETTINGS = ['GOPROXY', 'GONOPROXY', 'GOSUMDB', 'GONOSUMDB', 'GOAUTH'] as const;
const PIP_SETTING = /^(?:global|download)\.(index-url|extra-index-url|no-index|find-links|cert|proxy|trusted-host)$/;
const NPM_SETTING = /^(?:registry|proxy|https-proxy|noproxy|cafile|strict-ssl|@[a-z0-9._~-]+:registry)$/;

/**
 * Where the node's user tells `go`, `npm` and `pip` to download from (`go env -w`, ~/.npmrc, pip.conf), as variables: a worker of another user cannot read the
 * files that say so. Credentials are left out; whoever needs them puts them into the worker's configured environment. A client that is missing
 * has no settings: the worker will say that it is missing.
 */
export async function operatorSettings(): Promise<Record<string, string>> {
  const [go, npm, pip] = await Promise.all([
    settingsOf('go', ['env', '-json', ...GO_SETTINGS]),
    settingsOf('npm', ['config', 'list', '--json']),
    linesOf('pip3', ['config', 'list']),
  ]);
  return { ...goVariables(go), ...npmVariables(npm), ...pipVariables(pip) };
}

async function settingsOf(program: string, parameters: readonly string[]): Promise<Record<string, unknown>> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse((await linesOf(program, parameters)).join('\n')));
  } catch {
    return {};
  }
}

async function linesOf(program: string, parameters: readonly string[]): Promise<string[]> {
  try {
    return (await run(program, [...parameters], LIMITS)).stdout.split('\n');
  } catch {
    return [];
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

/** Pure part: pip prints `global.index-url='…'`, quoted as Python does it, and reads `PIP_INDEX_URL`. */
export function pipVariables(lines: readonly string[]): Record<string, string> {
  const settings = lines.flatMap((line) => {
    const [, key, , value] = /^([a-z.-]+)=(['"])(.*)\2$/.exec(line) ?? [];
    const name = PIP_SETTING.exec(key ?? '')?.[1];
    // An address with a password is a credential.
    return name === undefined || /\/\/[^/]*@/.test(value!)
      ? []
      : [[`PIP_${name.toUpperCase().replaceAll('-', '_')}`, value!.replaceAll('\\n', ' ').trim()] as const];
  });
  return pick(settings);
}

function pick(settings: readonly (readonly [string, unknown])[]): Record<string, string> {
  const texts = settings.map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value] as const);
  return Object.fromEntries(
    texts
      .filter(([, value]) => typeof value === 'boolean' || (typeof value === 'string' && value !== ''))
      .map(([name, value]) => [name, String(value)]),
  );
}
