import { expect, test } from 'vitest';
import { recipeWith } from './_recipe.ts';
import { planBuild, type BuildPlan } from './plan.ts';
import { VARIED_FACTS, vary } from './vary.ts';
import { someCore } from './vary-host.ts';

const HOST = { faketime: '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1', core: 1 };
const plan = planBuild(recipeWith(), 'linux-x64/bin/esbuild', { platform: 'linux/amd64', cpus: 3 });

test('everything but the recipe is changed', () => {
  const { plan: other, varied, kept } = vary(plan, { seed: 1, host: HOST });
  expect(varied).toEqual(VARIED_FACTS.filter((fact) => fact !== 'clock'));
  expect(kept).toEqual([{ fact: 'clock', why: 'Go’s programs read the clock without the C library' }]);
  const text = JSON.stringify(other);
  expect(text).not.toContain('"/build');
  expect(other.mounts.map(({ path }) => path.replace('/medlar/of-another-length', '/build'))).toEqual(plan.mounts.map(({ path }) => path));
  expect(other.argv.slice(-4)).toEqual(plan.argv.slice(-4));
  expect(other.argv.slice(0, 7)).toEqual(['/bin/taskset', '--cpu-list', '1', '/bin/sh', '-c', 'umask 077; exec "$@"', 'sh']);
  expect(other.env).toMatchObject({ TZ: 'VRB-05:45', LC_ALL: 'C.UTF-8', GOROOT: '/medlar/of-another-length/go', CGO_ENABLED: '0' });
  expect(other).toMatchObject({ machine: { hostname: 'medlar-host', user: 20_006 }, programs: ['sh', 'taskset'] });
});

test('the same seed gives the same plan, another seed another', () => {
  const [one, again, two] = [1, 1, 2].map((seed) => vary(plan, { seed, host: HOST }));
  expect(again).toEqual(one);
  expect(two).not.toEqual(one);
});

test('one fact alone is changed when asked', () => {
  const { plan: other, varied } = vary(plan, { seed: 0, facts: ['hostname'], host: HOST });
  expect(varied).toEqual(['hostname']);
  expect(other).toEqual({ ...plan, machine: { hostname: 'quince-host' } });
});

test('what cannot be varied is said, with the reason', () => {
  const whole: BuildPlan = { ...plan, programs: 'system', env: { TZ: 'Europe/Berlin', LC_ALL: 'C' } };
  const { kept } = vary(whole, { seed: 0, host: { faketime: null, core: null } });
  expect(kept.map(({ fact }) => fact)).toEqual(['zone', 'cpus', 'clock']);
  expect(kept.at(-1)!.why).toContain('apt-get install libfaketime');
  expect(vary(whole, { seed: 0, host: HOST }).plan.env).toMatchObject({ LD_PRELOAD: HOST.faketime, FAKETIME: '+400d' });
});

test('rustc, which hangs with libfaketime, is spared it', () => {
  const cargo: BuildPlan = { ...plan, programs: 'system', env: { TZ: 'UTC', LC_ALL: 'C', RUSTC: '/build/rust/bin/rustc' } };
  const { plan: other } = vary(cargo, { seed: 0, facts: ['clock'], host: HOST });
  expect(other.env).toMatchObject({ LD_PRELOAD: HOST.faketime, RUSTC: '/clock/rustc' });
  expect(other.files.at(-1)).toMatchObject({ path: '/clock/rustc', text: expect.stringContaining('unset LD_PRELOAD\nexec ') as string });
});

test('only whole paths below the folder of builds are moved', () => {
  const argv = [
    '/build/go',
    '-I/build/include',
    '--map=/build/a:/build/b',
    '/usr/build/x',
    './build/x',
    'x/build/y',
    '/builder/x',
    '/build',
  ];
  const { plan: other } = vary({ ...plan, argv }, { seed: 0, facts: ['path'], host: HOST });
  const base = '/quince/of-another-length';
  const unmoved = ['/usr/build/x', './build/x', 'x/build/y', '/builder/x', '/build'];
  expect(other.argv).toEqual([`${base}/go`, `-I${base}/include`, `--map=${base}/a:${base}/b`, ...unmoved]);
});

test('a core is chosen from those that are allowed', () => {
  expect(someCore('Name:\tnode\nCpus_allowed_list:\t0-1\n')).toBe(0);
  expect(someCore('Cpus_allowed_list:\t3,5-7\n')).toBe(3);
  expect(someCore('Cpus_allowed_list:\t2\n')).toBeNull();
});
