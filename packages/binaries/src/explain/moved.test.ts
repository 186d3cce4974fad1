import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { GoModuleFolder, bytesOf } from '../_go-programs.ts';
import { aligned } from './align.ts';
import { sameBytes } from './bytes.ts';
import { explain } from './explain.ts';

describe('what stands in two parts in the same order', () => {
  const part = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });

  test('is found as equal bytes, in order and apart', () => {
    fc.assert(
      fc.property(part, part, fc.uint8Array({ minLength: 1000, maxLength: 3000 }), (before, after, common) => {
        const [a, b] = [before, after].map((each) => new Uint8Array(Buffer.concat([...each, common, ...each.toReversed()])));
        let [atA, atB] = [0, 0];
        for (const { a: inA, b: inB, length } of aligned(a!, b!)) {
          expect(inA >= atA && inB >= atB && length > 0).toBe(true);
          expect(sameBytes(a!.subarray(inA, inA + length), b!.subarray(inB, inB + length))).toBe(true);
          [atA, atB] = [inA + length, inB + length];
        }
      }),
    );
  });

  test('is all but what was put in between', () => {
    const noise = new Uint8Array(Array.from({ length: 20_000 }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 13) & 0xff));
    const longer = new Uint8Array([
      ...noise.subarray(0, 9000),
      ...Buffer.from('forty bytes that only one of them has'),
      ...noise.subarray(9000),
    ]);
    const segments = aligned(noise, longer);
    expect(segments.reduce((sum, { length }) => sum + length, 0)).toBe(noise.length);
    expect(aligned(longer, noise).reduce((sum, { length }) => sum + length, 0)).toBe(noise.length);
  });

  test('is nothing, or everything', () => {
    expect(aligned(new Uint8Array(), new Uint8Array([1]))).toEqual([]);
    expect(aligned(new Uint8Array([1, 2]), new Uint8Array([1, 2]))).toEqual([{ a: 0, b: 0, length: 2 }]);
  });
});

describe('a text of another length in a Go program', () => {
  const folders: GoModuleFolder[] = [];
  afterAll(() => folders.forEach((folder) => folder[Symbol.dispose]()));
  const program = (text: string, number = 42): Uint8Array => {
    const main = `package main\n\nimport "os"\n\nvar code = ${number}\n\nfunc main() { println("${text}"); os.Exit(code) }\n`;
    const folder = new GoModuleFolder({ 'go.mod': 'module example.org/hello\n\ngo 1.21\n', 'main.go': main });
    folders.push(folder);
    return bytesOf(folder.build({ flags: ['-trimpath', '-buildvcs=false', '-ldflags=-s -w'] }));
  };
  const left = ({ parts }: ReturnType<typeof explain>, name: string): number => {
    const part = parts.find((each) => each.name === name)!;
    expect(part.accounted + part.moved).toBeLessThanOrEqual(part.differing);
    return part.differing - part.accounted - part.moved;
  };
  const [short, long] = ['hello', 'a greeting that is much longer, so that everything behind it moves'];

  test('moves most of it along; what is left is that text, and it stays unexplained', () => {
    const explanation = explain(program(short), program(long));
    expect(explanation).toMatchObject({ class: 'unexplained', causes: [{ code: 'different-source' }] });
    const data = explanation.parts.find(({ name }) => name === '.rodata')!;
    expect(data.differing).toBeGreaterThan(10_000);
    expect(left(explanation, '.rodata')).toBeLessThan(data.differing / 100);
    const code = explanation.parts.find(({ name }) => name === '.text')!;
    expect(left(explanation, '.text')).toBeLessThan(code.differing / 10);
    expect(left(explanation, '.gopclntab')).toBe(0);
    expect(explanation.causes[0]!.evidence.join()).toContain('only moved');
    expect(explanation.strings.publishedOnly.concat(explanation.strings.rebuiltOnly).some(({ text }) => text.includes('greeting'))).toBe(
      true,
    );
  });

  test('does not hide a number that was changed beside it', () => {
    const explanation = explain(program(short, 42), program(long, 4711));
    expect(explanation.class).toBe('unexplained');
    expect(left(explanation, '.noptrdata')).toBe(2);
  });
});
