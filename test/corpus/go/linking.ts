import { HELLO, MOD, STAMPED, stamp } from './_programs.ts';
import type { GoCase } from './_programs.ts';

/** Only identifiers, symbols or debug information differ. */
export const LINKING: readonly GoCase[] = [
  {
    name: 'the spelling of -ldflags',
    published: { files: HELLO },
    rebuilt: { files: HELLO, ldflags: '-w -s' },
    code: 'ldflags',
    class: 'identical-except-ids',
  },
  {
    name: 'the spelling of -ldflags, and a rebuild with it set as published',
    published: { files: HELLO },
    rebuilt: { files: HELLO, ldflags: '-w -s' },
    again: [{ program: { files: HELLO }, varied: ['setting'] }],
    code: 'ldflags',
    class: 'explained',
  },
  {
    name: 'an -X of a variable that does not exist',
    published: { files: HELLO, ldflags: '-s -w -X main.commit=1234567' },
    rebuilt: { files: HELLO },
    code: 'ldflags',
    class: 'identical-except-ids',
  },
  {
    name: 'an -X of another value',
    published: { files: STAMPED, ldflags: stamp('stable') },
    rebuilt: { files: STAMPED, ldflags: stamp('nightly') },
    code: 'ldflags',
    class: 'unexplained',
  },
  ...['linux/arm64', 'darwin/arm64', 'windows/amd64'].map((target): GoCase => ({
    name: `the spelling of -ldflags, ${target}`,
    published: { files: HELLO, env: { GOOS: target.split('/')[0]!, GOARCH: target.split('/')[1]! } },
    rebuilt: { files: HELLO, env: { GOOS: target.split('/')[0]!, GOARCH: target.split('/')[1]! }, ldflags: '-w -s' },
    code: 'ldflags',
    class: 'identical-except-ids',
  })),
  {
    name: 'another linker for C',
    published: { files: HELLO, env: { CGO_ENABLED: '1' }, ldflags: '-s -w -linkmode external -extldflags -fuse-ld=gold' },
    rebuilt: { files: HELLO, env: { CGO_ENABLED: '1' }, ldflags: '-s -w -linkmode external' },
    code: 'linker-or-crt',
    class: 'unexplained',
  },
  {
    name: 'strip run afterwards',
    published: { files: HELLO, ldflags: '', after: [['strip']] },
    rebuilt: { files: HELLO, ldflags: '' },
    code: 'stripped',
    class: 'explained',
  },
  {
    name: 'the patch release in the go line of go.mod',
    published: { files: { ...HELLO, 'go.mod': MOD.replace('1.21', '1.21.5') } },
    rebuilt: { files: { ...HELLO, 'go.mod': MOD.replace('1.21', '1.21.0') } },
    code: 'go-line',
    class: 'identical-except-ids',
  },
  {
    name: 'symbols and debug information left in',
    published: { files: HELLO, ldflags: '' },
    rebuilt: { files: HELLO },
    code: 'stripped',
    class: 'explained',
  },
  {
    name: 'debug information left in',
    published: { files: HELLO, ldflags: '' },
    rebuilt: { files: HELLO, ldflags: '-w' },
    code: 'stripped',
    class: 'explained',
  },
];
