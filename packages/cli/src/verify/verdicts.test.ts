import { EXIT_CODES, VERDICTS } from '@verbatim/consensus';
import type { VerdictKind } from '@verbatim/consensus';
import type { Lookup } from '@verbatim/statements';
import { anArtifact, aRelease, contentOf, digestsOf } from '@verbatim/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkedOutput } from '../_schema.ts';
import { lookupOf, World, verbatim } from '../_world.ts';

const NAME = 'linux-x64/bin/esbuild';
const PURL = 'pkg:npm/esbuild@0.25.0';

/** What the tests ask about and nobody logged: that is proved, too. */
const ABSENT: readonly Lookup[] = [
  ...['never published', '', 'x', 'mine'].map((content) => lookupOf(content)),
  { type: 'release', value: 'pkg:npm/esbuild@0.25.1' },
];

/** For each verdict, what makes it. */
interface Case {
  readonly args: readonly string[];
  readonly says: string | RegExp;
}

let world: World;
let cases: Record<VerdictKind, Case>;

beforeAll(() => {
  world = new World();
  const { scene } = world;
  scene.observe(0);
  const one = world.bundle('one.json');
  scene.observe(1);
  const two = world.bundle('two.json', { others: ABSENT });
  const stale = world.bundle('stale.json', { age: 40 * 24 * 3600 });
  scene.observe(2, { result: 'differ' });
  const three = world.bundle('three.json');
  const file = world.file('esbuild', contentOf(NAME));
  const other = world.file('other', 'never published');
  // One signature byte of the second entry's envelope, changed inside the bundle.
  const lying = world.file('lying.json', tamper(world, two));
  const expired = world.file('expired', world.policyText(['require 2'], { expires: '2020-01-01T00:00:00Z' }));
  const args = (bundle: string, name = file, policy = world.policy) => [name, '--offline', '--bundle', bundle, '--policy', policy];
  cases = {
    reproduced: { args: args(two), says: PURL },
    'not-reproduced': { args: args(three), says: '1 operator got other bytes' },
    'unknown-file': { args: args(two, other), says: 'no release' },
    'log-misbehaviour': { args: args(lying), says: /entry/ },
    'policy-error': { args: args(two, file, expired), says: 'expired' },
    insufficient: { args: args(one), says: 'require 2: 1' },
    unavailable: { args: args(stale), says: 'too old' },
  };
});
afterAll(() => world[Symbol.dispose]());

function tamper(of: World, bundle: string): string {
  const value = JSON.parse(of.read(bundle)) as { entries: { signatures: { sig: string }[] }[] };
  const [signature] = value.entries[1]!.signatures;
  const bytes = Buffer.from(signature!.sig, 'base64');
  bytes[bytes.length - 20]! ^= 1;
  signature!.sig = bytes.toString('base64');
  return JSON.stringify(value);
}

test('a witness whose clock is far ahead does not count, and the JSON is complete all the same', async () => {
  const bundle = world.bundle('far.json', { age: -1e15 });
  const args = cases.reproduced.args.with(cases.reproduced.args.indexOf('--bundle') + 1, bundle);
  const { code, stdout } = await verbatim(['verify', '--json', ...args]);
  expect(checkedOutput(stdout).results[0]).toMatchObject({
    // The world holds a dissent by now.
    verdict: 'not-reproduced',
    checkpoint: { witnesses: [{ time: '9999-12-31T23:59:59Z', counts: false }] },
    errors: [{ code: 'quorum-missing' }],
  });
  expect(code).toBe(EXIT_CODES['not-reproduced']);
});

describe('every verdict', () => {
  test.each(Object.keys(VERDICTS) as VerdictKind[])('%s has its exit code, its first line and JSON that fits the schema', async (kind) => {
    const { args, says } = cases[kind];
    const text = await verbatim(['verify', ...args]);
    const [first] = text.stdout.split('\n');
    expect(first).toContain(VERDICTS[kind].heading);
    expect(first).toMatch(says);
    expect(text.code).toBe(EXIT_CODES[kind]);
    expect(text.stderr).toBe('');

    const json = await verbatim(['verify', '--json', ...args]);
    expect(json.code).toBe(EXIT_CODES[kind]);
    expect(json.stderr).toBe('');
    const output = checkedOutput(json.stdout);
    expect(output.exitCode).toBe(EXIT_CODES[kind]);
    expect(output.results).toHaveLength(1);
    expect(output.results[0]).toMatchObject({ verdict: kind, exitCode: EXIT_CODES[kind] });

    const quiet = await verbatim(['verify', '--quiet', ...args]);
    expect(quiet).toEqual({ code: EXIT_CODES[kind], signal: null, stdout: '', stderr: '' });

    const explained = await verbatim(['verify', '--json', '--explain', ...args]);
    expect(checkedOutput(explained.stdout).results[0]?.steps?.length).toBeGreaterThan(0);
    expect((await verbatim(['verify', '--explain', ...args])).code).toBe(EXIT_CODES[kind]);
  });

  test('only reproduced is 0', () => {
    expect(Object.entries(EXIT_CODES).filter(([, code]) => code === 0)).toEqual([['reproduced', 0]]);
  });
});

describe('what the text says', () => {
  test('after the verdict comes the evidence: who, where, when, entry; and what to do is last', async () => {
    const { stdout } = await verbatim(['verify', ...cases['not-reproduced'].args]);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^✗ NOT REPRODUCED {2}/);
    expect(lines.find((line) => line.includes('acme'))).toMatch(
      /✓ acme {2}acme-1 {2}linux\/amd64 {2}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ {2}entry 6 {2}matches/,
    );
    expect(lines.find((line) => line.includes('gamma'))).toMatch(/✗ gamma .* entry 10 {2}got sha256:[0-9a-f]{64}/);
    expect(stdout).toContain("completeness: complete by the log's root");
    expect(stdout).toContain(`claimed by registrar watch, entry 5`);
    expect(stdout).toContain('github.com/evanw/esbuild@v0.25.0');
    expect(lines.at(-1)).toMatch(/^ {2}→ /);
    expect(stdout).not.toContain('\x1b');
  });

  test('a file of another release than the one asked for is a wrong file, and the expected digests are shown', async () => {
    const { code, stdout } = await verbatim(['verify', '--release', 'pkg:npm/esbuild@0.25.1', ...cases.reproduced.args]);
    expect(stdout.split('\n')[0]).toContain('UNKNOWN FILE');
    expect(code).toBe(1);
    const bound = await verbatim(['verify', '--release', PURL, ...cases['unknown-file'].args]);
    expect(bound.stdout.split('\n')[0]).toBe(`✗ UNKNOWN FILE  it is not a file of ${PURL}`);
    expect(bound.stdout).toMatch(/expected linux-x64\/bin\/esbuild of pkg:npm\/esbuild@0\.25\.0: sha256:[0-9a-f]{64}/);
    expect((await verbatim(['verify', '--release', PURL, ...cases.reproduced.args])).code).toBe(0);
  });

  test('a bundle that is none is named', async () => {
    const none = world.file('none.json', 'no bundle');
    const { code, stdout } = await verbatim(['verify', ...cases.reproduced.args, '--bundle', none]);
    expect(code).toBe(2);
    expect(stdout).toContain(`${none}: bundle: expected JSON`);
  });

  test('names from the log cannot move the cursor or turn the text around', async () => {
    const hostile = world.file('evil\u001b[2J\u202e', 'x');
    const { stdout } = await verbatim(['verify', hostile, ...cases.reproduced.args.slice(1)]);
    expect(stdout).toContain(String.raw`evil\u{1b}[2J\u{202e}`);
    // eslint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/[\u001b\u202e]/u);
  });
});

describe('several files', () => {
  test('the worst verdict decides, and every file has its block', async () => {
    const [good, ...rest] = cases.reproduced.args;
    const [bad] = cases['unknown-file'].args;
    const { code, stdout } = await verbatim(['verify', good!, bad!, '/nonexistent', ...rest]);
    expect(code).toBe(2);
    expect(
      stdout
        .split('\n')
        .filter((line) => /^[✓✗!…] /.test(line))
        .map((line) => line.split('  ')[0]),
    ).toEqual(['✓ REPRODUCED', '✗ UNKNOWN FILE', '! POLICY ERROR']);
    expect((await verbatim(['verify', good!, bad!, ...rest])).code).toBe(1);
    const output = checkedOutput((await verbatim(['verify', '--json', good!, bad!, good!, ...rest])).stdout);
    expect(output.results.map(({ verdict }) => verdict)).toEqual(['reproduced', 'unknown-file', 'reproduced']);
    expect(output.exitCode).toBe(1);
  });

  test('standard input is a file called -', async () => {
    const [, ...rest] = cases.reproduced.args;
    const { code, stdout } = await verbatim(['verify', '-', ...rest], { input: contentOf(NAME) });
    expect(code).toBe(0);
    expect(stdout).toContain('  file -\n');
    expect((await verbatim(['verify', '-', ...rest], { input: '' })).code).toBe(1);
  });

  test('a manifest names the files, and a file must have its digest there too', async () => {
    const [, ...rest] = cases.reproduced.args;
    const digest = checkedOutput((await verbatim(['verify', '--json', ...cases.reproduced.args])).stdout).results[0]!.sha256!;
    const good = world.file('SHA256SUMS', `${digest}  esbuild\n`);
    expect((await verbatim(['verify', '--manifest', good, ...rest])).code).toBe(0);
    expect((await verbatim(['verify', ...cases.reproduced.args, '--manifest', good])).code).toBe(0);
    const wrong = world.file('SHA256SUMS.wrong', `${'0'.repeat(64)} *esbuild\n`);
    const { code, stdout } = await verbatim(['verify', '--manifest', wrong, '--json', ...rest]);
    expect(code).toBe(1);
    expect(checkedOutput(stdout).results[0]?.errors[0]).toMatchObject({ code: 'manifest-mismatch' });
    for (const bad of ['', 'x\n', `${digest}  ../esbuild\n`, `${digest}  /etc/passwd\n`]) {
      const refused = await verbatim(['verify', '--manifest', world.file('SHA256SUMS.bad', bad), '--json', ...rest]);
      expect(refused.code).toBe(2);
      checkedOutput(refused.stdout);
    }
  });
});

describe('bundles', () => {
  const release = ['--release', PURL];
  const against = async (name: string, content: string, ...args: string[]) => {
    world.folder('linux-x64/bin');
    const [, ...rest] = cases.reproduced.args.with(cases.reproduced.args.indexOf('--bundle') + 1, world.bundle('genuine.json'));
    return verbatim(['verify', world.file(name, content), ...rest, ...args]);
  };

  test('of a file that was changed since say at once what was expected and what was found', async () => {
    const found = lookupOf('changed').value;
    const expected = digestsOf(contentOf(NAME)).sha256;
    for (const args of [[], release]) {
      const { code, stdout } = await against('linux-x64/bin/esbuild', 'changed', ...args);
      expect(code).toBe(4);
      const lines = stdout.trimEnd().split('\n');
      expect(lines[0]).toBe(
        `! COULD NOT CHECK  the bundle is about ${NAME} of ${PURL}: expected sha256:${expected}, found sha256:${found}; this is a changed file, or another one`,
      );
      expect(lines.at(-1)).toMatch(/^ {2}→ Take the bundle that was made for this file, or verify it online/);
    }
    const json = await against('linux-x64/bin/esbuild', 'changed', '--json');
    expect(checkedOutput(json.stdout).results[0]).toMatchObject({ verdict: 'unavailable', errors: [{ code: 'another-file' }] });
  });

  test('of another release say for which files they were made', async () => {
    const { code, stdout } = await against('tool', 'another', '--release', 'pkg:npm/esbuild@9.0.0');
    expect(code).toBe(4);
    expect(stdout.split('\n')[0]).toMatch(
      /^! COULD NOT CHECK {2}the evidence was gathered for another file: expected a proof about sha256:[0-9a-f]{64}, found sha256:[0-9a-f]{64}/,
    );
  });

  test('what --save-bundle would need without a log to ask is refused', async () => {
    const { code, stdout } = await verbatim(['verify', ...cases.reproduced.args, '--save-bundle', '/tmp/x']);
    expect(code).toBe(2);
    expect(stdout).toContain('--save-bundle');
  });

  test('a bundle that is no bundle, or no file, is an error', async () => {
    const [file] = cases.reproduced.args;
    for (const bundle of [file!, '/nonexistent', world.file('empty.json', '{}')]) {
      const { code, stdout } = await verbatim(['verify', file!, '--offline', '--bundle', bundle, '--policy', world.policy, '--json']);
      expect(code).toBe(2);
      expect(checkedOutput(stdout).results[0]?.verdict).toBe('policy-error');
    }
  });
});

test('the release of somebody else’s claim is not accepted under any name', async () => {
  using other = new World({ release: aRelease({ artifacts: [anArtifact({ content: new TextEncoder().encode('mine') })] }) });
  other.scene.observe(0);
  other.scene.observe(1);
  const file = other.file('f', 'mine');
  // The bundle of one log under the policy of another: same origin, other history; the policies' keys are equal, so it verifies there.
  const own = await verbatim(['verify', file, '--offline', '--bundle', other.bundle(), '--policy', other.policy]);
  expect(own.code).toBe(0);
  const elsewhere = await verbatim(['verify', file, '--offline', '--bundle', cases.reproduced.args[3]!, '--policy', other.policy]);
  expect(elsewhere.code).toBe(1);
});
