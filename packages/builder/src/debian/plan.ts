/** Plans of recipes of kind `debian`: dpkg-buildpackage, as Debian's builders call it. Pure. */
import { recipeTarget, type DebianRecipe } from '@verbatim/statements';
import type { BuildPlan, PlanFile, PlanHost } from '../plan.ts';

type DebianOutput = DebianRecipe['outputs'][number];

/** No recipe builds there: its path lies below /build. */
const FOLDER = '/verbatim';

export function planDebian(recipe: DebianRecipe, { artifact }: DebianOutput, host: PlanHost): BuildPlan {
  const { buildPath, binNmu, options } = recipe;
  const results = buildPath.slice(0, buildPath.lastIndexOf('/'));
  const entry: PlanFile | null = binNmu === null ? null : { path: `${FOLDER}/changelog`, mode: 0o444, text: `${binNmu}\n` };
  const script: PlanFile = { path: `${FOLDER}/build`, mode: 0o555, text: scriptOf(entry) };
  return {
    artifact,
    target: recipeTarget(recipe, artifact),
    host: host.platform,
    argv: ['/bin/sh', script.path],
    cwd: buildPath,
    ownPaths: true,
    env: {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/nonexistent',
      LC_ALL: 'C.UTF-8',
      TZ: 'UTC',
      USER: 'nobody',
      LOGNAME: 'nobody',
      TMPDIR: '/tmp',
      DEB_BUILD_OPTIONS: [...options, `parallel=${host.cpus}`].join(' '),
      // There is no other user in the sandbox: fakeroot must not even try.
      FAKEROOTDONTTRYCHOWN: '1',
    },
    mounts: [
      { kind: 'scratch', name: 'out', path: results },
      { kind: 'copy', input: 'source', path: buildPath },
    ],
    files: entry === null ? [script] : [script, entry],
    programs: { root: 'root' },
    output: `${results}/${artifact}`,
  };
}

/** The entry of a rebuild without a new source comes first; dpkg takes SOURCE_DATE_EPOCH from the first entry. */
function scriptOf(entry: PlanFile | null): string {
  return [
    '#!/bin/sh',
    'set -e',
    'umask 022',
    ...(entry === null
      ? []
      : [
          `cat ${entry.path} debian/changelog >debian/changelog.new`,
          'cat debian/changelog.new >debian/changelog',
          'rm debian/changelog.new',
        ]),
    // What is needed is what the recipe's system has: the check would want a C compiler for every package.
    'exec dpkg-buildpackage --build=any --no-check-builddeps --unsigned-source --unsigned-changes --unsigned-buildinfo',
    '',
  ].join('\n');
}
