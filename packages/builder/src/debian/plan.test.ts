import { expect, test } from 'vitest';
import { debianRecipeWith } from './_recipe.ts';
import { planBuild } from '../plan.ts';
import { vary } from '../vary.ts';

const host = { platform: 'linux/amd64', cpus: 2 };
const ARTIFACT = 'hello_2.10-2_amd64.deb';

test('dpkg-buildpackage runs in the recipe’s own system, on a copy of the source at the recipe’s path', () => {
  const plan = planBuild(debianRecipeWith(), ARTIFACT, host);
  expect(plan).toMatchObject({
    artifact: ARTIFACT,
    target: 'linux/amd64',
    host: 'linux/amd64',
    cwd: '/build/reproducible-path/hello-2.10',
    programs: { root: 'root' },
    output: `/build/reproducible-path/${ARTIFACT}`,
  });
  expect(plan.mounts).toEqual([
    { kind: 'scratch', name: 'out', path: '/build/reproducible-path' },
    { kind: 'copy', input: 'source', path: '/build/reproducible-path/hello-2.10' },
  ]);
  const script = plan.files.find(({ path }) => path === plan.argv.at(-1));
  expect(script?.text).toMatch(/^#!\/bin\/sh\nset -e\numask 022\nexec dpkg-buildpackage --build=any /);
  expect(plan.env['DEB_BUILD_OPTIONS']).toBe('nocheck noautodbgsym parallel=2');
});

test('the number of cores is all of the host that a build hears of', () => {
  const plans = [1, 8].map((cpus) => planBuild(debianRecipeWith(), ARTIFACT, { ...host, cpus }));
  const [one, eight] = plans.map(({ env, ...plan }) => ({ ...plan, env: { ...env, DEB_BUILD_OPTIONS: null } }));
  expect(one).toEqual(eight);
});

test('the entry of a rebuild without a new source stands before all others, with one blank line between', () => {
  const binNmu =
    'hello (2.10-2+b1) sid; urgency=low, binary-only=yes\n\n  * Rebuild.\n\n -- A Builder <builder@mail.example>  Sat, 02 Jan 2021 12:00:00 +0000\n';
  const recipe = debianRecipeWith({ binNmu, outputs: [{ artifact: 'hello_2.10-2+b1_amd64.deb' }] });
  const plan = planBuild(recipe, 'hello_2.10-2+b1_amd64.deb', host);
  const entry = plan.files.find(({ path }) => path === '/verbatim/changelog');
  expect(entry?.text).toBe(`${binNmu}\n`);
  expect(plan.files[0]!.text).toContain('cat /verbatim/changelog debian/changelog >debian/changelog.new\n');
});

test('a second build in other surroundings stays where the recipe says', () => {
  const { plan, varied, kept } = vary(planBuild(debianRecipeWith(), ARTIFACT, host), { seed: 1, host: { faketime: null, core: 0 } });
  expect(plan.cwd).toBe('/build/reproducible-path/hello-2.10');
  expect(kept).toContainEqual({ fact: 'path', why: 'the recipe names all paths' });
  expect(varied).toEqual(expect.arrayContaining(['zone', 'umask', 'hostname', 'cpus']));
});

test('an artifact that the recipe does not build is refused', () => {
  expect(() => planBuild(debianRecipeWith(), 'hello', host)).toThrow(
    /expected one of the recipe’s outputs hello_2.10-2_amd64.deb, found hello/,
  );
});
