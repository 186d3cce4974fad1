/** Entries and what is in them. */
import {
  decodeEntry,
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
} from '@verbatim/testkit';
import { hashLeaf, TlogError, utf8Decode, utf8Encode } from '@verbatim/tlog';
import { codec, must, refusesWith, type Target } from '../target.ts';

const registrar = testSigner('registrar-npm');
const rebuilder = testSigner('acme-1');
const release = aRelease();
const logged = signStatement(release, [registrar]);
const about = { origin: 'log.example/test', release, index: 7, leafHash: hashLeaf(logged), rebuilder };
const entries = [
  logged,
  signStatement(anObservation(about), [rebuilder]),
  signStatement(anObservation(about, { result: 'differ' }), [rebuilder]),
  signStatement(anEnrolment(rebuilder), [ADMIN]),
  signStatement(anEnrolment(registrar, { role: 'registrar' }), [ADMIN]),
  signStatement(aRevocation(rebuilder, { compromisedSince: 9 }), [ADMIN]),
  signStatement(aGenesis('log.example/test'), [ROOT]),
];
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
