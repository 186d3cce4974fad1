import { detectSandbox, limitsOf, planBuild, type VariedFact } from '@verbatim/builder';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { HELLO } from './_hello.ts';
import { testFolder } from './_temporary.ts';
import type { Difference } from './difference-blob.ts';
import { explainInThread, MAX_EXPLAINED_BYTES } from './explain-thread.ts';
import { explainDifference } from './worker-differ.ts';

const UUIDS = [
  '0f8fad5b-d9cb-469f-a165-70867728950e',
  '7c9e6679-7425-40de-944b-e07fc1f90ae7',
  '16fd2706-8baf-433b-82eb-8c7fada847da',
] as const;
const FROM = Date.parse('2026-11-21T12:00:00Z') / 1000;

interface Own {
  readonly text: string;
  readonly varied: VariedFact[];
}

/** Explains texts in place of programs: what is asked here is what is done with our own builds. */
async function explained(published: string, rebuilt: string, own: readonly Own[], source = ''): Promise<Difference> {
  const workDir = testFolder();
  const file = (name: string, text: string): string => {
    writeFileSync(join(workDir, name), text);
    return join(workDir, name);
  };
  const first = {
    recipe: HELLO,
    artifact: 'bin/hello',
    cpus: 1,
    fetch: { forbidden: [], cacheDir: workDir, workDir },
    plan: planBuild(HELLO, 'bin/hello', { platform: 'linux/amd64', cpus: 1 }),
    inputs: { folders: {}, [Symbol.asyncDispose]: async () => {} },
    request: { sandbox: await detectSandbox(), limits: limitsOf(), workDir, signal: undefined },
    toolchains: [],
    from: FROM,
    to: FROM + 60,
  };
  const answer = await explainDifference(first, [source], {
    type: 'explain',
    published: file('published', published),
    rebuilt: file('rebuilt', rebuilt),
    own: own.map(({ text, varied }, index) => ({ path: file(`own-${index}`, text), varied, kept: [], settings: [] })),
  });
  const difference = JSON.parse(readFileSync(answer.path, 'utf8')) as Difference;
  expect(difference.explanation.class).toBe(answer.class);
  return difference;
}

test('a build that does not agree with itself is nondeterministic, and diffoscope is not asked', async () => {
  const [a, b, c] = UUIDS.map((uuid) => `built as ${uuid}, as always\n`);
  const own = [
    { text: c!, varied: ['path', 'clock'] as VariedFact[] },
    { text: c!, varied: [] },
  ];
  const difference = await explained(a!, b!, own);
  expect(difference.explanation).toMatchObject({ class: 'nondeterministic', causes: [{ code: 'random-value', certainty: 'proven' }] });
  expect(difference.diffoscope).toBeNull();
  expect(difference.rebuilds).toMatchObject([{ varied: ['path', 'clock'] }, { varied: [] }]);
});

test('the second in which we built is a time that the build put there', async () => {
  const difference = await explained('built 2026-11-19T08:30:00Z\n', 'built 2026-11-21T12:00:30Z\n', []);
  expect(difference.explanation).toMatchObject({ class: 'explained', causes: [{ code: 'timestamp', certainty: 'proven' }] });
});

test('a constant of the source is not taken for a value of the build', async () => {
  const [theirs, ours] = ['seed 0f8fad5b-d9cb-469f-a165-70867728950e\n', 'seed 7c9e6679-7425-40de-944b-e07fc1f90ae7\n'];
  const difference = await explained(theirs, ours, [{ text: ours, varied: ['path'] }], `const SEED = "${UUIDS[1]}"`);
  expect(difference.explanation.class).toBe('unexplained');
  expect(difference.explanation.causes.map(({ code }) => code)).toContain('different-source');
  expect(difference.diffoscope).toMatchObject({ kind: 'report' });
});

test('files that are too large to compare are said to be', async () => {
  const path = join(testFolder(), 'large');
  writeFileSync(path, '');
  truncateSync(path, MAX_EXPLAINED_BYTES + 1);
  await expect(
    explainInThread({ published: path, rebuilt: path, own: [], recipe: HELLO, artifact: 'bin/hello', context: {} }, undefined),
  ).rejects.toThrow(`at most ${MAX_EXPLAINED_BYTES} bytes are explained`);
});

test('the worker lives on while its thread compares, and ends it when the node stops', async () => {
  const [one, other] = ['a', 'b'].map((name) => join(testFolder(), name));
  writeFileSync(one!, Buffer.alloc(2 ** 27, 'some text 0f8fad5b-d9cb-469f-a165-70867728950e\n'));
  writeFileSync(other!, Buffer.alloc(2 ** 27, 'other texts 7c9e6679-7425-40de-944b-e07fc1f90ae7\n'));
  const stop = new AbortController();
  const asked = explainInThread(
    { published: one!, rebuilt: other!, own: [], recipe: HELLO, artifact: 'bin/hello', context: {} },
    stop.signal,
  );
  // A comparison on this thread would be over before anybody could stop it.
  await sleep(50);
  stop.abort(new Error('the node stops'));
  await expect(asked).rejects.toThrow('the node stops');
});
