/** A bounded run of every target, the same one each time; `node test/fuzz/run.ts` goes on for longer, with other inputs each time. */
import { afterAll, describe, expect, test } from 'vitest';
import { corpusOf, fuzz, judge } from './fuzz.ts';
import { codec, type Target } from './target.ts';
import { TARGETS } from './targets/index.ts';

const DEFAULT_RUNS = 1500;
const SEED = 5;

test('a parser that reads two spellings of one value is found out, by a small input', async () => {
  const careless: Target = {
    name: 'careless',
    shape: 'text',
    seeds: [Buffer.from('size 17\nroot abc\n')],
    accepts: codec(
      (bytes) => Buffer.from(bytes).toString('utf8').replace('\r', ''),
      (text) => Buffer.from(text),
    ),
  };
  const { failure } = await fuzz(careless, { runs: 5000, seed: SEED });
  expect(failure!.error).toMatchObject({ name: 'Broken' });
  expect(failure!.input.length).toBeLessThan(30);
});

describe.each(TARGETS.map((target) => [target.name, target] as const))('%s', (_name, target) => {
  afterAll(async () => target.close?.());

  test('accepts valid inputs', async () => {
    for (const seed of target.seeds) expect(await judge(target, seed), Buffer.from(seed).toString('latin1').slice(0, 200)).toBe(true);
  });

  test('holds on every input that once broke it', async () => {
    for (const input of corpusOf(target).values()) await judge(target, input);
  });

  test('holds on mutated inputs, some of which it accepts and some of which it refuses', async () => {
    const { executions, accepted, failure } = await fuzz(target, { runs: target.runs ?? DEFAULT_RUNS, seed: SEED });
    if (failure !== null) throw new Error(`input (base64): ${Buffer.from(failure.input).toString('base64')}`, { cause: failure.error });
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(executions);
  });
});
