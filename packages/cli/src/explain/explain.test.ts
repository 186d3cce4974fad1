import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, test } from 'vitest';
import { run } from '../run.ts';

const folder = mkdtempSync(join(tmpdir(), 'verbatim-explain-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const schema: unknown = JSON.parse(readFileSync(new URL('../../schema/explain.schema.json', import.meta.url), 'utf8'));
const validate = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, strictTypes: false }).compile(schema as object);

function fileOf(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

async function explain(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const io = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    env: {},
    colour: false,
    now: () => new Date(0),
  };
  return { code: await run(['explain', ...args], io), out, err };
}

/** The output, parsed; fails when it does not fit the schema. */
function checked(out: string): {
  exitCode: number;
  explanation: { class: string; format: string | null };
  diffoscope: { status: string } | null;
} {
  const value: unknown = JSON.parse(out);
  expect(validate(value) ? [] : validate.errors).toEqual([]);
  return value as ReturnType<typeof checked>;
}

const published = fileOf('published', 'one\n');
const same = fileOf('same', 'one\n');
const other = fileOf('other', 'two\n');
const [zipped, rezipped] = [fileOf('a.gz', gzipSync('hello', { level: 1 })), fileOf('b.gz', gzipSync('hello', { level: 9 }))];

describe('verbatim explain', () => {
  test('ends with 0 for identical files, 1 for different ones, whether explained or not', async () => {
    expect((await explain(published, same)).code).toBe(0);
    expect((await explain(zipped, rezipped, '--no-diffoscope')).code).toBe(1);
    expect((await explain(published, other, '--no-diffoscope')).code).toBe(1);
  });

  test.each([
    ['a file that is not there', [published, join(folder, 'nothing')], 'cannot read'],
    ['a folder', [folder, published], 'cannot read'],
    ['standard input twice', ['-', '-'], 'standard input can be read once'],
    ['one file', [published], 'missing required argument'],
  ])('ends with 2 for %s', async (_, args, message) => {
    const { code, out, err } = await explain(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });

  test('prints JSON by its schema, whatever the answer', async () => {
    expect(checked((await explain(published, same, '--json')).out)).toMatchObject({
      exitCode: 0,
      explanation: { class: 'identical' },
      diffoscope: null,
    });
    expect(checked((await explain(zipped, rezipped, '--json')).out)).toMatchObject({
      exitCode: 1,
      explanation: { class: 'explained', format: 'gzip' },
      diffoscope: null,
    });
  });

  test('runs diffoscope for what is not explained, in the sandbox, unless told not to', async () => {
    const { code, out } = await explain(published, other, '--json');
    expect(code).toBe(1);
    expect(checked(out)).toMatchObject({ explanation: { class: 'unexplained' }, diffoscope: { status: 'complete' } });
    expect(out).toContain('-one\\n+two');
    expect(checked((await explain(published, other, '--json', '--no-diffoscope')).out).diffoscope).toBeNull();
    expect(checked((await explain(zipped, rezipped, '--json', '--diffoscope')).out).diffoscope).toMatchObject({ status: 'complete' });
  });

  test('hears other rebuilds: what they disagree about is the build’s own doing', async () => {
    const uuids = ['0f8fad5b-d9cb-469f-a165-70867728950e', '7c9e6679-7425-40de-944b-e07fc1f90ae7', '16fd2706-8baf-433b-82eb-8c7fada847da'];
    const [one, two, three] = uuids.map((uuid, index) => fileOf(`uuid-${index}`, `built as ${uuid}, as always\n`));
    expect(checked((await explain(one!, two!, '--json', '--no-diffoscope')).out).explanation.class).toBe('unexplained');
    expect(checked((await explain(one!, two!, '--again', three!, '--json')).out).explanation.class).toBe('nondeterministic');
    expect((await explain(one!, two!, '--again', join(folder, 'nothing'))).code).toBe(2);
  });

  test('tells people the class, the cause, what to do, and that it is no match', async () => {
    const { out } = await explain(zipped, rezipped);
    expect(out.split('\n')).toEqual([
      '✗ different: explained',
      expect.stringMatching(/^ {2}published .*a\.gz {2}\d+ bytes {2}sha256:[0-9a-f]{64}$/),
      expect.stringMatching(/^ {2}rebuilt {3}.*b\.gz {2}\d+ bytes {2}sha256:[0-9a-f]{64}$/),
      expect.stringMatching(/^ {2}cause archive-wrapper: gzip: /),
      expect.stringMatching(/^ {6}gzip archive: published .+, rebuilt .+/),
      expect.stringMatching(/^ {6}→ use the same compressor/),
      '  An explanation never makes a match: only identical files are reproduced.',
      '',
    ]);
  });

  test('shows no control character of a file as it is', async () => {
    const hostile = [
      fileOf('c', '\x1b[31mred text that is long enough\x07\n'),
      fileOf('d', '\x1b[32mgreen text that is long enough\x07\n'),
    ];
    const { out } = await explain(...hostile);
    // oxlint-disable-next-line no-control-regex
    expect(out).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
  });
});
