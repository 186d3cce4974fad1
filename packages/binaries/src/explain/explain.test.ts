import { describe, expect, test } from 'vitest';
import { explain } from './explain.ts';
import { aside, bytes, code, data, elf, gnuId, note } from './_elf.ts';
import { MAX_FILE_BYTES, MAX_INPUT_LENGTH, MAX_LOOKUPS } from './limits.ts';
import type { FakeSection } from './_elf.ts';
import type { ExplainContext } from './types.ts';

const CODE = code('machine code, the same in both');
const both = (published: readonly FakeSection[], rebuilt: readonly FakeSection[], context?: ExplainContext) =>
  explain(elf([CODE, ...published]), elf([CODE, ...rebuilt]), context);
const codes = ({ causes }: { causes: readonly { code: string }[] }) => causes.map((cause) => cause.code);
const clock = (second: number) => new Date(second * 1000).toISOString().slice(0, 19) + 'Z';
const NOW = Date.parse('2026-11-21T12:00:00Z') / 1000;

describe('identical', () => {
  test('is what equal bytes are, and nothing else', () => {
    expect(explain(bytes('same'), bytes('same'))).toMatchObject({ class: 'identical', causes: [], parts: [] });
    expect(explain(bytes(''), bytes('')).class).toBe('identical');
    expect(explain(bytes('same'), bytes('sane')).class).toBe('unexplained');
    expect(explain(bytes('same'), bytes('same\0')).class).toBe('unexplained');
  });
});

test('a file above the limit is compared as a whole only, and it says so', () => {
  expect(explain(new Uint8Array(MAX_FILE_BYTES + 1), bytes('x'))).toMatchObject({ class: 'unexplained', causes: [], truncated: ['file'] });
});

describe('identical except for identifiers', () => {
  test('a GNU build ID, the debug link named after it, and .comment, which is not loaded', () => {
    const link = (digit: string) => aside('.gnu_debuglink', `${digit.repeat(38)}.debug\0\0\0\0${digit.repeat(4)}`);
    const explanation = both(
      [gnuId(1), link('a'), aside('.comment', 'GCC: (Debian 12.2.0-14) 12.2.0\0')],
      [gnuId(2), link('b'), aside('.comment', 'GCC: (Debian 12.2.0-14+deb12u1) 12.2.0\0')],
    );
    expect(explanation.class).toBe('identical-except-ids');
    expect(explanation.causes).toMatchObject([{ code: 'linker-or-crt', subject: 'GCC' }]);
    expect(explanation.parts.every(({ differing, accounted }) => differing === accounted)).toBe(true);
  });

  test('without .comment the C side is still the first guess', () => {
    const explanation = both([gnuId(1)], [gnuId(2)]);
    expect(explanation).toMatchObject({ class: 'identical-except-ids', causes: [{ code: 'linker-or-crt', certainty: 'likely' }] });
    const host = { toolchains: ['rustc 1.63.0+dfsg1-2', 'gcc-12 12.2.0-14+deb12u1'] };
    const [cause] = both([gnuId(1)], [gnuId(2)], { host }).causes;
    expect(cause).toMatchObject({ subject: 'crt objects of another revision of gcc', certainty: 'likely' });
    expect(cause!.evidence).toContain('rebuilt with gcc-12 12.2.0-14+deb12u1');
  });

  test.each([
    [
      'a debug link to another file',
      [aside('.gnu_debuglink', 'a.debug\0\0\0\0\0abcd')],
      [aside('.gnu_debuglink', 'b.debug\0\0\0\0\0abcd')],
    ],
    [
      'a build ID note of another type',
      [{ ...gnuId(1), data: note('GNU\0', 5, new Uint8Array(20)) }],
      [{ ...gnuId(1), data: note('GNU\0', 5, new Uint8Array(20).fill(1)) }],
    ],
    [
      'a build ID too long to be a hash',
      [{ ...gnuId(1), data: note('GNU\0', 3, new Uint8Array(400)) }],
      [{ ...gnuId(1), data: note('GNU\0', 3, new Uint8Array(400).fill(1)) }],
    ],
    [
      'more in the section than the note',
      [{ ...gnuId(1), data: bytes(`${String.fromCharCode(...gnuId(1).data)}aaaa`) }],
      [{ ...gnuId(1), data: bytes(`${String.fromCharCode(...gnuId(1).data)}bbbb`) }],
    ],
    [
      'a Go build ID that is no text',
      [{ ...gnuId(1), name: '.note.go.buildid', data: note('Go\0\0', 4, new Uint8Array(20).fill(1)) }],
      [{ ...gnuId(1), name: '.note.go.buildid', data: note('Go\0\0', 4, new Uint8Array(20).fill(2)) }],
    ],
    ['a constant that looks like a Go build ID', [data('x\xff Go build ID: "aaaa"\n \xff')], [data('x\xff Go build ID: "bbbb"\n \xff')]],
    [
      'code that looks like a Go build ID',
      [data('x'), { ...code('f\xff Go build ID: "aaaa"\n \xff'), name: '.init' }],
      [data('x'), { ...code('f\xff Go build ID: "bbbb"\n \xff'), name: '.init' }],
    ],
    ['binary data in .comment', [aside('.comment', '\x01\x02')], [aside('.comment', '\x01\x03')]],
    [
      'a .comment that the system loads as code',
      [{ ...aside('.comment', 'aaaa'), loaded: true }],
      [{ ...aside('.comment', 'bbbb'), loaded: true }],
    ],
  ] as const)('%s is no identifier', (_, published, rebuilt) => {
    expect(both(published, rebuilt).class).toBe('unexplained');
  });

  test('an identifier does not excuse another byte', () => {
    const explanation = both([gnuId(1), data('limit=1000')], [gnuId(2), data('limit=1001')]);
    expect(explanation.class).toBe('unexplained');
    expect(codes(explanation)).toEqual(['different-source']);
    expect(explanation.causes[0]?.covers).toEqual([{ part: '.rodata', bytes: 0 }]);
  });
});

describe('headers that lie', () => {
  const renamed = (file: Uint8Array) => {
    // The table says that .text is called .comment; the program headers still load it.
    const copy = file.slice();
    const view = new DataView(copy.buffer);
    const table = Number(view.getBigUint64(40, true));
    view.setUint32(table + 64, view.getUint32(table + 128, true), true);
    view.setBigUint64(table + 64 + 8, 0n, true);
    return copy;
  };
  test('code that calls itself .comment is compared as code', () => {
    const [a, b] = ['aaaa', 'bbbb'].map((text) => renamed(elf([code(text), aside('.comment', 'x')])));
    expect(explain(a!, b!)).toMatchObject({ class: 'unexplained', parts: [{ loaded: true }] });
  });

  test('sections that overlap or leave the file make it one part', () => {
    for (const [field, value] of [
      [24, 70n],
      [32, 1n << 40n],
    ] as const) {
      const [a, b] = ['GCC: a', 'GCC: b'].map((text) => {
        const file = elf([CODE, aside('.comment', text)]);
        const view = new DataView(file.buffer);
        view.setBigUint64(Number(view.getBigUint64(40, true)) + 128 + field, value, true);
        return file;
      });
      expect(explain(a!, b!)).toMatchObject({ class: 'unexplained', parts: [{ name: 'file', loaded: true }] });
    }
  });

  test('another address, flag or order of what is loaded is not a matter of tables', () => {
    const debug = [aside('.debug_info', 'debug')];
    const file = elf([CODE, data('data')]);
    const changed = elf([CODE, data('data'), ...debug]);
    expect(explain(changed, file).class).toBe('explained');
    const view = new DataView(changed.buffer);
    view.setBigUint64(Number(view.getBigUint64(40, true)) + 64 + 16, 0x500000n, true);
    expect(explain(changed, file).class).toBe('unexplained');
  });

  test('tables alone, with nothing that they follow from, explain nothing', () => {
    const [a, b] = [elf([CODE, aside('.one', 'x')]), elf([CODE, aside('.two', 'x')])];
    expect(explain(a, b).class).toBe('unexplained');
  });

  test('the same sections of a wasm module in another order are not the same module', () => {
    const section = (id: number) => [id, 2, id, id];
    const module = (...ids: number[]) => Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...ids.flatMap(section));
    expect(explain(module(4, 5, 6), module(4, 6, 5))).toMatchObject({ class: 'unexplained', parts: [{ name: 'file' }] });
  });
});

describe('values that look like the work of the build', () => {
  const stamped = (value: string) => [data(`built ${value} by us`)];
  const [theirs, ours] = [stamped(clock(NOW - 1e6)), stamped(clock(NOW))];
  const host = { from: NOW - 5, to: NOW + 5 };

  test('a time is explained when it is the second of our own build', () => {
    const explanation = both(theirs, ours, { host, publishedAt: NOW - 9e5 });
    expect(explanation).toMatchObject({ class: 'explained', causes: [{ code: 'timestamp', certainty: 'proven' }] });
  });

  test.each<[string, ExplainContext]>([
    ['nothing is known about our build', {}],
    ['it is no moment of our build', { host: { from: NOW + 100, to: NOW + 200 } }],
    ['the published one is later than the publication', { host, publishedAt: NOW - 5e6 }],
    ['it stands in the source', { host, inputs: [`const built = "${clock(NOW)}"`] }],
  ])('a time explains nothing when %s', (_, context) => {
    expect(both(theirs, ours, context).class).toBe('unexplained');
  });

  test('a day alone is what a constant could say too', () => {
    const explanation = both(stamped('2026-11-20'), stamped('2026-11-21'), { host });
    expect(explanation).toMatchObject({ class: 'unexplained', causes: [{ code: 'timestamp', certainty: 'likely' }] });
  });

  test('a host name needs the inputs, and not to stand in them', () => {
    const context = { host: { hostname: 'rebuild-1' } };
    const pair = [stamped('builder-9'), stamped('rebuild-1')] as const;
    const judged = (context: ExplainContext) => {
      const { class: category, causes } = both(...pair, context);
      return [category, causes[0]?.code];
    };
    expect(judged(context)).toEqual(['unexplained', 'hostname']);
    expect(judged({ ...context, inputs: ['package main'] })).toEqual(['explained', 'hostname']);
    expect(judged({ ...context, inputs: ['const peer = "rebuild-1"'] })).toEqual(['unexplained', 'different-source']);
  });

  test('inputs too large, or too many values, to look through are as if there were none', () => {
    const host = { hostname: 'rebuild-1' };
    const pair = [stamped('builder-9'), stamped('rebuild-1')] as const;
    const padding = ' '.repeat(MAX_INPUT_LENGTH);
    expect(both(...pair, { host, inputs: [padding] }).class).toBe('explained');
    expect(both(...pair, { host, inputs: [padding, ' '] }).class).toBe('unexplained');
    const many = (name: string) => Array.from({ length: MAX_LOOKUPS }, (_, i) => data(`/${name}/folder/number${i}`, `.data${i}`));
    expect(both([...many('aa'), ...pair[0]], [...many('bb'), ...pair[1]], { host, inputs: ['x'] }).causes[0]).toMatchObject({
      code: 'build-path',
      certainty: 'likely',
    });
    expect(
      both([...many('aa'), ...pair[0]], [...many('bb'), ...pair[1]], { host, inputs: ['x'] }).causes.some(
        ({ certainty }) => certainty === 'proven',
      ),
    ).toBe(false);
  });

  test('a rebuild of our own that was varied shows what depends on its surroundings', () => {
    const rebuilds = [{ bytes: elf([CODE, ...stamped('/home/carol/src')]), varied: ['path'] as const }];
    const pair = [stamped('/home/alice/src'), stamped('/home/bobby/src')] as const;
    expect(both(...pair, { rebuilds })).toMatchObject({ class: 'explained', causes: [{ code: 'build-path', certainty: 'proven' }] });
    expect(both(...pair, {}).class).toBe('unexplained');
  });

  test('an unvaried rebuild that differs makes it nondeterministic', () => {
    const uuid = (digit: string) => stamped(`${digit.repeat(8)}-4f0e-4a55-9d52-0a4f3f6f8d11`);
    const rebuilds = [{ bytes: elf([CODE, ...uuid('c')]), varied: [] }];
    expect(both(uuid('a'), uuid('b'), { rebuilds })).toMatchObject({ class: 'nondeterministic', causes: [{ code: 'random-value' }] });
    const more = (sections: FakeSection[], text: string) => [...sections, data(text, '.data')];
    expect(
      both(more(uuid('a'), 'yes'), more(uuid('b'), 'not'), { rebuilds: [{ bytes: elf([CODE, ...more(uuid('c'), 'not')]), varied: [] }] })
        .class,
    ).toBe('unexplained');
  });

  test('a rebuild with another setting that has the published bytes is the proof of the cause', () => {
    const published = elf([code('other code'), data('x')]);
    const rebuilt = elf([CODE, data('x')]);
    expect(explain(published, rebuilt, { rebuilds: [{ bytes: published, varied: ['setting'] }] }).class).toBe('explained');
    expect(explain(published, rebuilt, { rebuilds: [{ bytes: published, varied: [] }] }).class).toBe('nondeterministic');
    expect(explain(published, rebuilt, { rebuilds: [{ bytes: elf([code('third')]), varied: ['setting'] }] }).class).toBe('unexplained');
    expect(explain(published, rebuilt, { rebuilds: [{ bytes: published, varied: ['clock', 'host-architecture'] }] })).toMatchObject({
      class: 'explained',
      causes: [{ code: 'timestamp' }, { code: 'host-architecture' }],
    });
  });
});

describe('symbols, packers, order', () => {
  test('symbols on one side are explained, on both sides and different they are not', () => {
    expect(both([aside('.symtab', 'symbols')], [])).toMatchObject({
      class: 'explained',
      causes: [{ code: 'stripped', certainty: 'proven' }],
    });
    expect(both([aside('.symtab', 'symbols')], [aside('.symtab', 'symbolx')]).class).toBe('unexplained');
    expect(both([{ ...aside('.symtab', 'symbols'), loaded: true }], []).class).toBe('unexplained');
  });

  test('a packer’s mark on one side is named', () => {
    const packed = bytes(`\x7fELF${'x'.repeat(200)}UPX!${'y'.repeat(200)}`);
    expect(explain(packed, elf([CODE]))).toMatchObject({ class: 'unexplained' });
    expect(codes(explain(packed, elf([CODE])))).toContain('compressed');
  });

  test('the same words in another order are named, and explained by nothing but our own rebuilds', () => {
    const table = (...order: number[]) => [data(Uint8Array.from(order.flatMap((n) => [n, 1, 2, 3, 4, 5, 6, 7])))];
    const [a, b, c] = [table(1, 2, 3, 4, 5, 6), table(6, 2, 4, 3, 5, 1), table(2, 1, 3, 4, 6, 5)];
    expect(both(a, b)).toMatchObject({ class: 'unexplained', causes: [{ code: 'order', certainty: 'likely' }] });
    const rebuilds = [{ bytes: elf([CODE, ...c]), varied: [] }];
    expect(both(a, b, { rebuilds })).toMatchObject({ class: 'nondeterministic', causes: [{ code: 'order', certainty: 'proven' }] });
    expect(both(table(1, 2, 3, 4, 5, 7), b, { rebuilds }).class).toBe('unexplained');
  });
});
