import { aRelease, anArtifact } from '@verbatim/testkit';
import { expect, test } from 'vitest';
import { artifactsToRebuild } from './select.ts';

const release = aRelease({
  artifacts: [
    anArtifact({ name: 'linux-x64/bin/esbuild', target: 'linux/amd64' }),
    anArtifact({ name: 'linux-arm64/bin/esbuild', target: 'linux/arm64', coordinate: 'pkg:npm/%40esbuild/linux-arm64@0.25.0' }),
  ],
  unpublished: [{ name: 'plan9/bin/esbuild', target: 'plan9/amd64' }],
});

test('without subscriptions everything is rebuilt, unpublished artifacts too', () => {
  expect(artifactsToRebuild(release, [])).toEqual(['linux-x64/bin/esbuild', 'linux-arm64/bin/esbuild', 'plan9/bin/esbuild']);
});

test('a purl prefix ends at a boundary', () => {
  expect(artifactsToRebuild(release, [{ purl: 'pkg:npm/esbuild' }])).toHaveLength(3);
  expect(artifactsToRebuild(release, [{ purl: 'pkg:npm/' }])).toHaveLength(3);
  expect(artifactsToRebuild(release, [{ purl: 'pkg:npm/esb' }])).toEqual([]);
  expect(artifactsToRebuild(release, [{ purl: 'pkg:cargo/' }])).toEqual([]);
});

test('targets narrow a subscription, and subscriptions add up', () => {
  expect(artifactsToRebuild(release, [{ targets: ['linux/arm64'] }])).toEqual(['linux-arm64/bin/esbuild']);
  expect(artifactsToRebuild(release, [{ purl: 'pkg:cargo/', targets: ['linux/arm64'] }])).toEqual([]);
  expect(artifactsToRebuild(release, [{ targets: ['plan9/amd64'] }, { purl: 'pkg:npm/esbuild', targets: ['linux/amd64'] }])).toEqual([
    'linux-x64/bin/esbuild',
    'plan9/bin/esbuild',
  ]);
});
