// Test helper: what the tests with a real worker build.
import type { GoRecipe } from '@verbatim/statements';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A small real program, built by the real builder with the toolchain that the main job uses too. */
export const HELLO: GoRecipe = {
  kind: 'go',
  version: 1,
  source: {
    kind: 'go-module',
    module: 'golang.org/x/example/hello',
    version: 'v0.0.0-20250915201037-7f05d217867b',
    h1: 'h1:+gZE2jOdiscYByu0606Uw8Ldir2Cecd39Vq/3IEasRA=',
  },
  toolchain: { version: 'go1.23.5', h1: { 'linux/amd64': 'h1:Te4KCqBgVdpgo5znvhXhoZzvAIVRvPW1aM/m2o80MIM=' } },
  package: '.',
  flags: ['-trimpath', '-buildvcs=false'],
  ldflags: '-s -w',
  tags: [],
  env: { CGO_ENABLED: '0' },
  vcs: null,
  outputs: [{ artifact: 'bin/hello', goos: 'linux', goarch: 'amd64', env: {} }],
};
/** The toolchain is fetched once a machine, as for the main job. */
export const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'verbatim');
