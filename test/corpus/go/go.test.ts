import { cpus, tmpdir } from 'node:os';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { explain } from '@verbatim/binaries';
import type { ExplainContext, Explanation } from '@verbatim/binaries';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build } from './_build.ts';
import { GO_CORPUS } from './corpus.ts';
import type { GoCase } from './_programs.ts';
import type { Built, GoProgram } from './_build.ts';

const root = mkdtempSync(join(tmpdir(), 'verbatim-corpus-'));
const seen = new Map<string, Explanation>();

/** Both sides of a pair that is explained twice are built once; rebuilds are always built. */
const sides = new Map<GoProgram, { name: string; built: Promise<Built> }>();

function sideOf(program: GoProgram, name: string): { name: string; built: Promise<Built> } {
  const side = sides.get(program) ?? { name, built: build(program, root, name) };
  sides.set(program, side);
  return side;
}

beforeAll(async () => {
  const waiting = [...GO_CORPUS.entries()];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      seen.set(next[1].name, await explained(next[1], String(next[0])));
    }
  };
  await Promise.all(Array.from({ length: Math.max(2, cpus().length) }, worker));
}, 900_000);

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
  console.log(table());
});

async function explained(example: GoCase, name: string): Promise<Explanation> {
  const publishedSide = sideOf(example.published, `${name}-a`);
  const published = await publishedSide.built;
  const rebuilt = await sideOf(example.rebuilt, `${name}-b`).built;
  const rebuilds = [];
  for (const [i, { program = example.rebuilt, varied }] of (example.again ?? []).entries()) {
    // A rebuild as published also has its path: without -trimpath that is in the file.
    const folder = varied.includes('setting') ? publishedSide.name : `${name}-${i}`;
    rebuilds.push({ bytes: (await build(program, root, folder)).bytes, varied });
  }
  const context: ExplainContext = { ...example.context?.(rebuilt), ...(rebuilds.length === 0 ? {} : { rebuilds }) };
  return explain(published.bytes, rebuilt.bytes, context);
}

const isByASetting = ({ again = [] }: GoCase): boolean => again.some(({ varied }) => varied.includes('setting'));

const named = (example: GoCase): boolean => {
  const [first] = seen.get(example.name)?.causes ?? [];
  return first?.code === example.code && (example.subject === undefined || first.subject === example.subject);
};

function table(): string {
  const lines = GO_CORPUS.map((example) => {
    const explanation = seen.get(example.name);
    const causes = explanation?.causes.map(({ code, subject }) => (subject === null ? code : `${code} (${subject})`)).join(', ');
    return `${named(example) ? ' ' : '!'} ${example.name.padEnd(78)} ${(explanation?.class ?? '').padEnd(21)} ${causes}`;
  });
  return [...lines, `named right: ${GO_CORPUS.filter(named).length} of ${GO_CORPUS.length}`].join('\n');
}

describe('the Go corpus', () => {
  test.each(GO_CORPUS.map((example) => [example.name, example] as const))(
    'names the cause, and the class, of a pair that differs in this: %s',
    (name, example) => {
      const explanation = seen.get(name)!;
      expect(explanation.class, JSON.stringify(explanation.causes, null, 1)).toBe(example.class);
      expect(explanation.causes[0]).toMatchObject({
        code: example.code,
        ...(example.subject === undefined ? {} : { subject: example.subject }),
        // A rebuild with what the published file claims is the proof; without one, claims are words.
        ...(example.class === 'explained' && isByASetting(example) ? { certainty: 'proven' } : {}),
      });
    },
  );
});
