/** Entries and what is in them. */
import {
  decodeEntry,
  decodeMembers,
  encodeCanonicalJson,
  makeControl,
  type ControlPredicate,
  decodeEnvelope,
  decodeRecipe,
  encodeEnvelope,
  encodeRecipe,
  encodeStatement,
  formatPurl,
  parsePurl,
  signStatement,
  splitQuoted,
  StatementError,
  type Recipe,
} from '@verbatim/statements';
import {
  ADMIN,
  aCargoRecipe,
  aGenesis,
  aGoRecipe,
  aLargeRecipe,
  anEnrolment,
  anObservation,
  aRelease,
  aRevocation,
  ROOT,
  testSigner,
  testVkey,
} from '@verbatim/testkit';
import { vkeyOf } from '@verbatim/tlog/node';
import { hashLeaf, TlogError, utf8Decode, utf8Encode } from '@verbatim/tlog';
import { codec, must, refusesWith, type Target } from '../target.ts';

const registrar = testSigner('registrar-npm');
const rebuilder = testSigner('acme-1');
const release = aRelease();
const logged = signStatement(release, [registrar]);
const about = { origin: 'log.example/test', release, index: 7, leafHash: hashLeaf(logged), rebuilder };
const origin = 'log.example/test';
const NEWER = testSigner('admin', 'newer');
const controls: ControlPredicate[] = [
  { action: 'freeze', origin, reason: 'moving' },
  {
    action: 'successor',
    origin,
    vkey: testVkey('log.example/next'),
    rootVkey: vkeyOf(testSigner('root', 'newer')),
    size: 7,
    root: 'c'.repeat(64),
    url: 'https://log.example/next',
  },
  { action: 'rotate', origin, key: 'admin', old: vkeyOf(ADMIN), vkey: vkeyOf(NEWER) },
  { action: 'admission', origin, claims: ['publisher', 'registrar'], attempts: 9, approvals: 2 },
  { action: 'index-root', origin, size: 9, root: 'd'.repeat(64) },
];
const entries = [
  logged,
  signStatement(anObservation(about), [rebuilder]),
  signStatement(anObservation(about, { result: 'differ' }), [rebuilder]),
  signStatement(anEnrolment(rebuilder), [ADMIN]),
  signStatement(anEnrolment(registrar, { role: 'registrar' }), [ADMIN]),
  signStatement(aRevocation(rebuilder, { compromisedSince: 9 }), [ADMIN]),
  signStatement(aGenesis('log.example/test'), [ROOT]),
  ...controls.map((control) => signStatement(makeControl(control), control.action === 'rotate' ? [ROOT, NEWER] : [ROOT])),
];
const members = encodeCanonicalJson([
  { path: 'usr', type: 'folder', mode: 0o755, size: 0, sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
  { path: 'usr/bin', type: 'link', mode: 0o777, size: 3, sha256: 'a'.repeat(64) },
  { path: 'usr/tool', type: 'file', mode: 0o4755, size: 17, sha256: 'b'.repeat(64) },
]);
const recipes: Recipe[] = [aGoRecipe(), aLargeRecipe(), aCargoRecipe()];

export const STATEMENTS: readonly Target[] = [
  { name: 'statements-envelope', shape: 'json', seeds: entries, accepts: codec(decodeEnvelope, encodeEnvelope, StatementError) },
  {
    name: 'statements-entry',
    shape: 'entry',
    seeds: entries,
    runs: 2500,
    accepts: (input) =>
      refusesWith(() => {
        const { envelope, statement } = decodeEntry(input);
        must(Buffer.compare(encodeEnvelope(envelope), input) === 0, 'the envelope is encoded to other bytes');
        must(Buffer.compare(encodeStatement(statement), envelope.payload) === 0, 'the statement is encoded to other bytes');
      }, StatementError),
  },
  {
    name: 'statements-members',
    shape: 'json',
    seeds: [members, encodeCanonicalJson([])],
    accepts: codec(decodeMembers, encodeCanonicalJson, StatementError),
  },
  {
    name: 'statements-recipe',
    shape: 'json',
    seeds: recipes.map(encodeRecipe),
    accepts: codec(decodeRecipe, encodeRecipe, StatementError),
  },
  {
    name: 'statements-purl',
    shape: 'text',
    seeds: [
      'pkg:npm/%40esbuild/linux-x64@0.25.0',
      'pkg:golang/golang.org/x/mod@v0.40.0?goos=linux#sub/dir',
      'pkg:pypi/shfmt-py@4.2.0?file_name=shfmt_py-4.2.0-py3-none-any.whl',
      'pkg:deb/debian/sd@1.0.0-1?arch=amd64',
    ].map(utf8Encode),
    accepts: (input) =>
      refusesWith(
        () => {
          const written = formatPurl(parsePurl(utf8Decode(input)));
          must(formatPurl(parsePurl(written)) === written, `${JSON.stringify(written)} reads as another purl`);
        },
        StatementError,
        TlogError,
      ),
  },
  {
    name: 'statements-go-flags',
    shape: 'text',
    seeds: ['-s -w -X \'main.version=1 2\' -X "main.date=x"', '-trimpath', "'-extldflags=-static'"].map(utf8Encode),
    accepts: (input) => splitQuoted(Buffer.from(input).toString('utf8')) !== null,
  },
];
