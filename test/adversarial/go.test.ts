import { detectSandbox, type Limits, type Sandbox } from '@verbatim/builder';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GO } from './attacks.ts';
import { commitOf, fetchFrom, goRecipe, planOf, runJob, scratchFolder, type Extras, type Ran } from './_lab.ts';
import { seenTable } from './_seen.ts';

const MIB = 1024 ** 2;

const scratch = scratchFolder();
const inScratch = (name: string): string => join(scratch.path, name);
let sandbox: Sandbox;
let benign: Ran;

beforeAll(async () => {
  sandbox = await detectSandbox();
  // Go runs nothing of a module's while compiling it, so its compile cache may be shared here.
  benign = (await attack('hello')).ran!;
  expect(benign.reported, benign.log).toBe('built');
});
afterAll(() => scratch[Symbol.dispose]());

interface Went {
  readonly reported: string;
  /** What is published: the build's log, or why there is no input. */
  readonly said: string;
  readonly ran: Ran | null;
}

async function attack(name: string, extras: Extras = {}, limits: Partial<Limits> = {}): Promise<Went> {
  const workDir = inScratch(name);
  const recipe = goRecipe(commitOf(join(workDir, 'repository'), `go/${name}`, extras));
  const fetched = await fetchFrom(recipe, workDir);
  if (fetched.kind === 'unavailable') return { reported: `input-unavailable, ${fetched.reason}`, said: fetched.detail, ran: null };
  await using inputs = fetched;
  const ran = await runJob({ plan: planOf(recipe), fetched: inputs, sandbox, workDir, limits, compileCache: inScratch('compiled') });
  return { reported: ran.reported, said: ran.log, ran };
}

const EXTRAS: Readonly<Record<string, Extras>> = {
  'embed-link': { links: { link: 'file' } },
  escapes: { files: { 'a\x1b[2J\u202eb.go': 'package main\n\nfunc f() { undefined() }\n' } },
};
const LIMITS: Readonly<Record<string, Partial<Limits>>> = { endless: { cpuSeconds: 3, memoryBytes: 2048 * MIB } };
const SAID: Readonly<Record<string, RegExp>> = {
  cgo: /build constraints exclude all Go files/,
  'embed-link': /cannot embed irregular file/,
  'embed-outside': /invalid pattern syntax/,
  workspace: /example\.com\/elsewhere/,
  toolchain: /requires go >= 1\.99/,
  escapes: /a\\x1b\[2J\\u\{202e\}b\.go/,
};

const saw = seenTable('Attacks by Go sources');

describe('a Go source that attacks by', () => {
  test.each(GO.map(({ name, reported }) => [name, reported] as const))('%s is reported as %s', async (name, expected) => {
    const started = performance.now();
    const { reported, said } = await attack(name, EXTRAS[name], LIMITS[name]);
    saw(name, reported, (performance.now() - started) / 1000);
    expect(reported, said).toBe(expected);
    if (SAID[name] !== undefined) expect(said).toMatch(SAID[name]);
    // eslint-disable-next-line no-control-regex
    expect(said).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|\p{Cf}/u);
  });
});
