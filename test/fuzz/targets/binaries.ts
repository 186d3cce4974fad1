/** Programs and packages that publishers publish: any bytes at all. */
import {
  BinaryError,
  explain,
  identify,
  inferGoRecipes,
  readGoBuildId,
  readGoBuildInfo,
  readRustEvidence,
  readSbom,
  sourceQuestions,
} from '@verbatim/binaries';
import { debMembers, explainFiles, readDebControl } from '@verbatim/binaries/archives';
import { utf8Encode } from '@verbatim/tlog';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { readAuditable } from '../../../packages/binaries/src/archives/auditable.ts';
import { readGzip, readXz, readZstd } from '../../../packages/binaries/src/archives/compressors.ts';
import { UnpackBudget } from '../../../packages/binaries/src/archives/layer.ts';
import { aside, code, data, elf, gnuId } from '../../../packages/binaries/src/explain/_elf.ts';
import { linkerFlagsInFiles } from '../../../packages/binaries/src/infer/release-files.ts';
import type { ReleaseFacts } from '../../../packages/binaries/src/infer/values.ts';
import { arOf, files, tarOf, zipOf } from '../archives.ts';
import { programs } from '../programs.ts';
import { must, refusesLaterWith, refusesWith, type Target } from '../target.ts';

const deb = arOf({
  'debian-binary': '2.0\n',
  'control.tar.gz': tarOf({ control: 'Package: hello\nVersion: 1.0-1\nSource: hi (1.0)\nArchitecture: amd64\n', md5sums: '' }, true),
  'data.tar.gz': tarOf(files, true),
});
/** Alike but for their build id. */
const PROGRAMS = [1, 2].map((id) =>
  elf([
    code('\x90'.repeat(64)),
    data('/home/publisher/src/main.rs\0hello\0'),
    gnuId(id),
    aside('.comment', 'GCC: (GNU) 12.2.0\0rustc version 1.95.0\0'),
  ]),
);
const archives = [deb, tarOf(files), tarOf(files, true), zipOf(files)];
/** A line forty times, by xz(1). */
const XZ = '/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4ADvAAxdADQZSe6N3VydUS8AAACU8uTTipgxVQABKPABAAAAvmQi2LHEZ/sCAAAAAARZWg==';
const CRATES = {
  packages: [
    { name: 'serde', version: '1.0.200', source: 'crates.io' },
    { name: 'tool', version: '0.3.1', source: 'local', dependencies: [0], root: true },
  ],
};
const crates = (listing: Uint8Array): Uint8Array => elf([code('code'), aside('.dep-v0', Buffer.from(listing).toString('latin1'))]);
const facts: ReleaseFacts = {
  module: 'example.com/tool',
  version: 'v1.2.3',
  revision: 'e9174d671b1882758cd32ac5e146200f5bee3e45',
  time: '2025-02-08T03:01:26Z',
  times: ['2025-02-08T03:01:27Z'],
  goos: 'linux',
  goarch: 'amd64',
  program: 'tool',
};
const scripts: Readonly<Record<string, string>> = {
  'scripts/release.sh':
    'VERSION=$(git describe --tags)\nLDFLAGS="-s -w -X main.version=${VERSION#v}"\ngo build -trimpath -ldflags "$LDFLAGS -X main.date=$(date -u +%F)" ./cmd/tool\n',
  '.goreleaser.yml':
    'builds:\n  - id: tool\n    ldflags:\n      - -s -w -X main.version={{.Version}} -X main.commit={{ .ShortCommit }}\n    env: [CGO_ENABLED=0]\n',
  Makefile: 'V ?= $(shell git rev-parse HEAD)\nbuild:\n\tgo build -ldflags="-X main.v=$(V)" \\\n\t  ./...\n',
};

export const BINARIES: readonly Target[] = [
  {
    name: 'binaries-programs',
    shape: 'bytes',
    // Building them takes a moment: for whoever asks only.
    get seeds() {
      return programs();
    },
    runs: 150,
    accepts(input) {
      identify(input);
      readGoBuildId(input);
      return refusesWith(() => {
        const info = readGoBuildInfo(input);
        must(inferGoRecipes(input).length <= 1000, 'recipes without end');
        sourceQuestions(input);
        readRustEvidence(input);
        if (info === null) throw new BinaryError('malformed', 'no build info');
      }, BinaryError);
    },
  },
  {
    name: 'binaries-explain',
    shape: 'bytes',
    seeds: PROGRAMS,
    accepts(input) {
      const explained = explain(PROGRAMS[0]!, input);
      const same = Buffer.compare(PROGRAMS[0]!, input) === 0;
      must((explained.class === 'identical') === same, `${explained.class} for ${same ? 'the same' : 'other'} bytes`);
      return explained.class !== 'unexplained';
    },
  },
  {
    name: 'binaries-archives',
    shape: 'bytes',
    seeds: archives,
    runs: 500,
    async accepts(input) {
      for (const archive of archives) {
        const explained = await explainFiles(archive, input);
        must((explained.class === 'identical') === (Buffer.compare(archive, input) === 0), `${explained.class} for other bytes`);
      }
      return archives.some((archive) => Buffer.compare(archive, input) === 0);
    },
  },
  {
    name: 'binaries-compressors',
    shape: 'bytes',
    seeds: [Buffer.from(XZ, 'base64'), zstdCompressSync('hello\n'.repeat(40)), gzipSync('hello\n'.repeat(40))],
    runs: 500,
    accepts: (input) =>
      refusesLaterWith(async () => {
        const read = input[0] === 0xfd ? readXz : input[0] === 0x28 ? readZstd : readGzip;
        const { members } = await read(Uint8Array.from(input), new UnpackBudget());
        must(members.length === 1, 'a stream is one member');
      }, BinaryError),
  },
  {
    name: 'binaries-auditable',
    shape: 'bytes',
    seeds: [crates(deflateSync(JSON.stringify(CRATES)))],
    others: [crates(Buffer.from('not packed'))],
    accepts: (input) => readAuditable(input) !== null,
  },
  {
    name: 'binaries-deb',
    shape: 'bytes',
    seeds: [deb],
    runs: 500,
    accepts: (input) =>
      refusesLaterWith(async () => {
        const [members] = [await debMembers(input), await readDebControl(input)];
        must(
          members.every(({ path }) => !path.startsWith('/') && !path.split('/').includes('..')),
          'a path that leads outside',
        );
      }, BinaryError),
  },
  {
    name: 'binaries-release-scripts',
    shape: 'text',
    seeds: Object.values(scripts).map(utf8Encode),
    runs: 1000,
    accepts(input) {
      const text = Buffer.from(input).toString('utf8');
      const found = linkerFlagsInFiles(new Map(Object.keys(scripts).map((file) => [file, text])), facts);
      must(found.length <= 64, `${found.length} candidates`);
      return found.length > 0;
    },
  },
  {
    name: 'binaries-sbom',
    shape: 'json',
    seeds: [
      utf8Encode(
        JSON.stringify({
          metadata: { component: { name: 'just', version: '1.50.0', purl: 'pkg:cargo/just@1.50.0' } },
          components: [{ name: 'clap', version: '4.5.0', purl: 'pkg:cargo/clap@4.5.0' }],
        }),
      ),
    ],
    accepts: (input) => readSbom(Buffer.from(input).toString('utf8')) !== null,
  },
];
