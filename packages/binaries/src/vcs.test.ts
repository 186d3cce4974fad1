import { expect, test } from 'vitest';
import type { GoBuildInfo } from './build-info.ts';
import { vcsOf } from './vcs.ts';

const stamped = (version: string): GoBuildInfo => ({
  format: 'elf',
  goVersion: 'go1.27.1',
  path: 'example.org/x',
  main: { path: 'example.org/x', version, sum: '' },
  deps: [],
  settings: new Map([
    ['vcs.revision', 'a3f0c75d21d918756fa38de8b5d3429efde7948b'],
    ['vcs.time', '2026-09-06T14:51:11Z'],
    ['vcs.modified', 'false'],
  ]),
});

test.each([
  ['v3.14.1', 'v3.14.1', undefined],
  ['v3.14.1-0.20260906145111-a3f0c75d21d9', null, ['v3.14.0']],
  ['v3.14.1-rc.1.0.20260906145111-a3f0c75d21d9', null, ['v3.14.1-rc.1']],
  ['v0.0.0-20260906145111-a3f0c75d21d9', null, []],
  ['v3.14.1-0.20260906145111-a3f0c75d21d9+dirty', null, ['v3.14.0']],
  ['(devel)', null, undefined],
])('the version %s comes of these tags', (version, tag, ancestorTags) => {
  const stamp = vcsOf(stamped(version));
  expect([stamp?.tag, stamp?.ancestorTags]).toEqual([tag, ancestorTags]);
});
