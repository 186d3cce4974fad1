import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf, temporaryFolder } from '../_support.ts';
import { readMembers, type Container } from './read-members.ts';

const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

interface Made {
  readonly name: string;
  readonly content?: string | Uint8Array;
  readonly type?: 'file' | 'directory' | 'symlink' | 'link' | 'fifo' | 'character-device';
  readonly linkname?: string;
  readonly mode?: number;
}

async function tarOf(members: readonly Made[]): Promise<Buffer> {
  const archive = pack();
  const chunks: Buffer[] = [];
  archive.on('data', (chunk) => chunks.push(chunk as Buffer));
  const end = once(archive as unknown as NodeJS.EventEmitter, 'end');
  for (const { name, content = '', type = 'file', linkname, mode = 0o644 } of members) {
    const header = { name, type, mode, ...(linkname === undefined ? {} : { linkname }) };
    if (type === 'file') archive.entry(header, content);
    else archive.entry(header, '');
  }
  archive.finalize();
  await end;
  return Buffer.concat(chunks);
}

interface Zipped {
  readonly name: string;
  readonly content?: string | Uint8Array;
  readonly method?: number;
  /** `st_mode` of Unix. */
  readonly mode?: number;
  readonly flags?: number;
  /** Another name in the local header. */
  readonly localName?: string;
  /** What the headers say instead of the truth. */
  readonly size?: number;
}

/** A zip archive by APPNOTE 4.3.7, 4.3.12 and 4.3.16, truthful or not. */
function zipOf(members: readonly Zipped[]): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const { name, content = '', method = 8, mode = 0o100644, flags = 0, localName = name, size } of members) {
    const plain = Buffer.from(content);
    const data = method === 8 ? deflateRawSync(plain) : plain;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc32(plain), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(size ?? plain.length, 18);
    const header = (text: string): Buffer => {
      const bytes = Buffer.from(common);
      bytes.writeUInt16LE(Buffer.byteLength(text), 22);
      return bytes;
    };
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), header(localName), Buffer.from(localName), data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    centrals.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), header(name), tail, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(centrals);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(members.length, 4);
  end.writeUInt16LE(members.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, central, Buffer.from('PK\x05\x06'), end]);
}

async function read(bytes: Uint8Array, name = 'container'): Promise<Container | null> {
  const file = join(await temporaryFolder(), name);
  await writeFile(file, bytes);
  return readMembers(file);
}
const files = (container: Container | null): [path: string, sha256: string][] =>
  container!.members.filter(({ type }) => type === 'file').map(({ path, sha256 }) => [path, sha256]);

const GOOD: Made[] = [
  { name: 'package/', type: 'directory', mode: 0o755 },
  { name: 'package/bin/tool', content: 'binary', mode: 0o755 },
  { name: 'package/README.md', content: 'words' },
  { name: 'package/latest', type: 'symlink', linkname: 'bin/tool' },
];

describe('the members of a tar archive', () => {
  it.each(['tar', 'tar.gz'])('are read from %s, sorted by path', async (format) => {
    const archive = await tarOf(GOOD);
    expect(await read(format === 'tar' ? archive : gzipSync(archive))).toEqual({
      format,
      members: [
        { path: 'package', type: 'directory', mode: 0o755, size: 0, sha256: sha256('') },
        { path: 'package/README.md', type: 'file', mode: 0o644, size: 5, sha256: sha256('words') },
        { path: 'package/bin/tool', type: 'file', mode: 0o755, size: 6, sha256: sha256('binary') },
        { path: 'package/latest', type: 'symlink', mode: 0o644, size: 0, sha256: sha256('bin/tool') },
      ],
    });
  });

  it('may be large, have long names and a leading dot', async () => {
    const content = Buffer.alloc(3_000_000, 'abc');
    const long = `package/${'n'.repeat(60)}/${'m'.repeat(90)}/${'o'.repeat(90)}`;
    const container = await read(
      gzipSync(
        await tarOf([
          { name: './', type: 'directory' },
          { name: './package/a', content },
          { name: long, content: 'x' },
        ]),
      ),
    );
    expect(files(container)).toEqual([
      ['package/a', sha256(content)],
      [long, sha256('x')],
    ]);
  });

  const voids: [why: string, members: Made[]][] = [
    ['a path twice', [...GOOD, { name: 'package/bin/tool', content: 'another' }]],
    ['a path twice by its spelling', [...GOOD, { name: './package/bin/tool', content: 'another' }]],
    ['an absolute path', [{ name: '/etc/passwd', content: 'x' }]],
    ['a path upwards', [{ name: 'package/../../x', content: 'x' }]],
    ['a path that starts upwards', [{ name: '../x', content: 'x' }]],
    ['a doubled slash', [{ name: 'package//x', content: 'x' }]],
    ['a dot in the middle', [{ name: 'package/./x', content: 'x' }]],
    ['a backslash', [{ name: 'package\\x', content: 'x' }]],
    ['a drive letter', [{ name: 'C:/x', content: 'x' }]],
    ['a control character in a name', [{ name: 'package/\u001b[31m', content: 'x' }]],
    ['a name that reads backwards', [{ name: 'package/\u202etxt.exe', content: 'x' }]],
    [
      'a file below a link',
      [
        { name: 'a', type: 'symlink', linkname: '/etc' },
        { name: 'a/passwd', content: 'x' },
      ],
    ],
    [
      'a file below a file',
      [
        { name: 'a/b', content: 'x' },
        { name: 'a', content: 'x' },
      ],
    ],
    ['a pipe', [{ name: 'a', type: 'fifo' }]],
    ['a device', [{ name: 'a', type: 'character-device' }]],
  ];
  it.each(voids)('are void with %s', async (_why, members) => {
    expect(await codeOf(read(await tarOf(members)))).toBe('void-container');
    expect(await codeOf(read(gzipSync(await tarOf(members))))).toBe('void-container');
  });

  it('are void when the archive is cut short or damaged', async () => {
    const archive = await tarOf(GOOD);
    expect(await codeOf(read(archive.subarray(0, 1300)))).toBe('void-container');
    const packed = gzipSync(archive);
    expect(await codeOf(read(packed.subarray(0, packed.length - 20)))).toBe('void-container');
    expect(await codeOf(read(packed.with(30, packed[30]! ^ 0xff)))).toBe('void-container');
    expect(await codeOf(read(gzipSync(Buffer.from('no archive inside, and longer than one header '.repeat(20)))))).toBe('void-container');
  });

  it('are void when the archive is a bomb', { timeout: 120_000 }, async () => {
    const bomb = gzipSync(await tarOf([{ name: 'zeros', content: Buffer.alloc(200_000_000) }]));
    expect(bomb.length).toBeLessThan(250_000);
    expect(await codeOf(read(bomb))).toBe('void-container');
  });

  it('are void when there are more than the limit', { timeout: 120_000 }, async () => {
    const header = (await tarOf([{ name: 'name-0000000' }])).subarray(0, 512);
    const blocks = Array.from({ length: 100_001 }, (_, i) => {
      const block = Buffer.from(header);
      block.write(String(i).padStart(7, '0'), 5);
      block.fill(' ', 148, 156);
      block.write(
        block
          .reduce((sum, byte) => sum + byte, 0)
          .toString(8)
          .padStart(6, '0'),
        148,
      );
      block[154] = 0;
      return block;
    });
    expect((await read(Buffer.concat([...blocks.slice(0, 1000), Buffer.alloc(1024)])))!.members).toHaveLength(1000);
    expect(await codeOf(read(Buffer.concat([...blocks, Buffer.alloc(1024)])))).toBe('void-container');
  });
});

describe('the members of a zip archive', () => {
  it('are read, compressed or stored', async () => {
    const container = await read(
      zipOf([
        { name: 'tool-1.0.dist-info/', method: 0, mode: 0o40755 },
        { name: 'tool-1.0.dist-info/METADATA', content: 'words' },
        { name: 'tool/bin', content: 'binary', method: 0, mode: 0o100755 },
        { name: 'tool/latest', content: 'bin', mode: 0o120777 },
      ]),
      'tool-1.0-py3-none-any.whl',
    );
    expect(container).toEqual({
      format: 'zip',
      members: [
        { path: 'tool-1.0.dist-info', type: 'directory', mode: 0o755, size: 0, sha256: sha256('') },
        { path: 'tool-1.0.dist-info/METADATA', type: 'file', mode: 0o644, size: 5, sha256: sha256('words') },
        { path: 'tool/bin', type: 'file', mode: 0o755, size: 6, sha256: sha256('binary') },
        { path: 'tool/latest', type: 'symlink', mode: 0o777, size: 0, sha256: sha256('bin') },
      ],
    });
  });

  it('may be none', async () => {
    expect(await read(zipOf([]))).toEqual({ format: 'zip', members: [] });
  });

  const voids: [why: string, members: Zipped[]][] = [
    ['a path twice', [{ name: 'a' }, { name: 'a' }]],
    ['an absolute path', [{ name: '/a' }]],
    ['a path upwards', [{ name: 'a/../../b' }]],
    ['a backslash', [{ name: 'a\\b' }]],
    ['a file below a link', [{ name: 'a', content: '/etc', mode: 0o120777 }, { name: 'a/b' }]],
    ['another name in the local header', [{ name: 'innocent', localName: 'evil.exe' }]],
    ['an encrypted member', [{ name: 'a', content: 'x', flags: 1 }]],
    ['an unknown compression', [{ name: 'a', content: 'x', method: 12 }]],
    ['a folder with content', [{ name: 'a/', content: 'hidden', method: 0 }]],
    ['less content than announced', [{ name: 'a', content: 'short', size: 100 }]],
    ['more content than announced', [{ name: 'a', content: 'x'.repeat(1000), size: 5 }]],
  ];
  it.each(voids)('are void with %s', async (_why, members) => {
    expect(await codeOf(read(zipOf(members)))).toBe('void-container');
  });

  it('are void when the archive is a bomb', { timeout: 120_000 }, async () => {
    expect(await codeOf(read(zipOf([{ name: 'zeros', content: Buffer.alloc(200_000_000) }])))).toBe('void-container');
  });

  it('are void when the archive is cut short', async () => {
    const archive = zipOf([{ name: 'a', content: 'content' }]);
    expect(await codeOf(read(archive.subarray(0, archive.length - 30)))).toBe('void-container');
  });
});

describe('a container in memory', () => {
  it('is read like a file, and hands out the bytes of the files that were asked for', async () => {
    const tool = { path: 'package/bin/tool', type: 'file', mode: 0o755, size: 6, sha256: sha256('binary'), bytes: Buffer.from('binary') };
    const zip = zipOf([
      { name: 'package/README.md', content: 'words' },
      { name: 'package/bin/tool', content: 'binary', mode: 0o100755 },
    ]);
    for (const archive of [await tarOf(GOOD), gzipSync(await tarOf(GOOD)), zip]) {
      const { members } = (await readMembers(archive, { collect: (path) => path.endsWith('tool') }))!;
      expect(members.find(({ path }) => path === tool.path)).toEqual({ ...tool, bytes: new Uint8Array(tool.bytes) });
      expect(members.filter(({ bytes }) => bytes !== undefined)).toHaveLength(1);
    }
    expect(await readMembers(Buffer.from('no container'))).toBeNull();
  });
});

describe('a file', () => {
  it.each([
    ['empty', Buffer.alloc(0)],
    ['a program', Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(600)])],
    ['text', Buffer.from('PK is not enough')],
  ])('that is %s is no container', async (_what, bytes) => {
    expect(await read(bytes, 'named.tgz')).toBeNull();
  });

  it('that is huge and says nothing is no container either', async () => {
    const file = join(await temporaryFolder(), 'sparse');
    await writeFile(file, '');
    await truncate(file, 2 ** 36);
    expect(await readMembers(file)).toBeNull();
  });

  it('that cannot be read is unusable', async () => {
    const folder = await temporaryFolder();
    expect(await codeOf(readMembers(folder))).toBe('unusable');
    expect(await codeOf(readMembers(join(folder, 'missing')))).toBe('unusable');
  });

  it('with any bytes changed gives members or an error, never anything else', { timeout: 120_000 }, async () => {
    const archives = [
      await tarOf(GOOD),
      gzipSync(await tarOf(GOOD)),
      zipOf([
        { name: 'a', content: 'content' },
        { name: 'b/', method: 0 },
      ]),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...archives),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (archive, changes) => {
          const changed = Buffer.from(archive);
          for (const [at, byte] of changes) changed[at % changed.length] = byte;
          expect(['accepted', 'void-container']).toContain(await codeOf(read(changed)));
        },
      ),
      { numRuns: 150 },
    );
  });
});
