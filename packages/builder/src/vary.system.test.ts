import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from './_temporary.ts';
import { build } from './build.ts';
import type { BuildPlan } from './plan.ts';
import { detectSandbox } from './sandbox/detect.ts';
import { limitsOf } from './sandbox/limits.ts';
import { vary, VARIED_FACTS } from './vary.ts';
import { varyHost } from './vary-host.ts';

const DAY = 86_400;
const FACTS =
  'echo path $PWD; echo zone $(date +%z); echo locale $LC_ALL; echo umask $(umask); echo hostname $(uname -n); echo user $(id -u); echo cpus $(nproc); echo clock $(date +%s)';

/** A build that writes down what it sees. */
const LOOKING: BuildPlan = {
  artifact: 'facts',
  target: 'linux/amd64',
  host: 'linux/amd64',
  argv: ['/bin/sh', '-c', `(${FACTS}) > /build/out/facts`],
  cwd: '/build/source',
  env: { PATH: '/usr/bin:/bin', TZ: 'UTC', LC_ALL: 'C' },
  mounts: [
    { kind: 'input', input: 'source', path: '/build/source' },
    { kind: 'scratch', name: 'out', path: '/build/out' },
  ],
  files: [],
  programs: 'system',
  output: '/build/out/facts',
};

async function seen(plan: BuildPlan): Promise<Record<string, string>> {
  const folder = await temporaryFolder();
  const source = join(folder, 'source');
  mkdirSync(source);
  for (const path of [folder, source]) chmodSync(path, 0o755);
  const outcome = await build({
    plan,
    fetched: { folders: { source } },
    sandbox: await detectSandbox(),
    limits: limitsOf({ wallSeconds: 280 }),
    workDir: join(folder, 'work'),
    outDir: join(folder, 'out'),
  });
  if (outcome.kind !== 'built') throw new Error(`${JSON.stringify(outcome)}\n${readFileSync(join(folder, 'out', 'build.log'), 'utf8')}`);
  const lines = readFileSync(outcome.outputPath, 'utf8').trimEnd().split('\n');
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));
}

test('a varied build sees another path, zone, locale, umask, host, user, number of cores and clock', async () => {
  const { plan, varied, kept } = vary(LOOKING, { seed: 3, host: varyHost() });
  expect({ varied, kept }).toEqual({ varied: VARIED_FACTS, kept: [] });
  const [first, second] = [await seen(LOOKING), await seen(plan)];
  expect(first).toMatchObject({ path: '/build/source', zone: '+0000', locale: 'C', umask: '0022', hostname: 'build', user: '65534' });
  expect(second).toMatchObject({ zone: '+0545', locale: 'C.UTF-8', umask: '0077', hostname: 'bullace-host', user: '20007', cpus: '1' });
  expect(second['path']).toBe('/bullace/of-another-length/source');
  const days = (Number(second['clock']) - Number(first['clock'])) / DAY;
  expect(days).toBeGreaterThan(399);
  expect(days).toBeLessThan(401);
});
