/** Small archives to start from, made by hand. */
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';

export const files: Readonly<Record<string, string>> = {
  'package/bin/tool': 'hello\n'.repeat(40),
  'package/README': 'read me\n',
  empty: '',
};

/** A ustar archive (POSIX.1-1988), gzipped if wanted. */
export function tarOf(contents: Readonly<Record<string, string | Uint8Array>>, gzipped = false): Uint8Array {
  const blocks = Object.entries(contents).flatMap(([name, content]) => {
    const body = Buffer.from(content);
    const header = Buffer.alloc(512);
    const octal = (value: number, at: number, width: number): void =>
      void header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1');
    header.write(name, 0, 'latin1');
    octal(0o644, 100, 8);
    octal(0, 108, 8);
    octal(0, 116, 8);
    octal(body.length, 124, 12);
    octal(1_700_000_000, 136, 12);
    header.write('        0', 148, 'latin1');
    header.write('ustar\x0000', 257, 'latin1');
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      148,
      7,
    );
    return [header, body, Buffer.alloc(-body.length & 511)];
  });
  const tar = Buffer.concat([...blocks, Buffer.alloc(1024)]);
  return Uint8Array.from(gzipped ? gzipSync(tar, { level: 9 }) : tar);
}

/** A zip archive by APPNOTE 4.3.7, 4.3.12 and 4.3.16. */
export function zipOf(contents: Readonly<Record<string, string | Uint8Array>>): Uint8Array {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  for (const [name, content] of Object.entries(contents)) {
    const plain = Buffer.from(content);
    const data = deflateRawSync(plain);
    const shared = little(
      [20, 2],
      [0, 2],
      [8, 2],
      [0x5a21_6000, 4],
      [crc32(plain), 4],
      [data.length, 4],
      [plain.length, 4],
      [name.length, 2],
    );
    const at = Buffer.concat(locals).length;
    locals.push(little([0x04034b50, 4]), shared, little([0, 2]), Buffer.from(name), data);
    const attributes = little([0, 2], [0, 2], [0, 2], [0, 2], [0o100644 * 65_536, 4], [at, 4]);
    directory.push(little([0x02014b50, 4], [0x0314, 2]), shared, attributes, Buffer.from(name));
  }
  const [body, central] = [Buffer.concat(locals), Buffer.concat(directory)];
  const count = Object.keys(contents).length;
  const end = little([0x06054b50, 4], [0, 4], [count, 2], [count, 2], [central.length, 4], [body.length, 4], [0, 2]);
  return Uint8Array.from(Buffer.concat([body, central, end]));
}

/** An ar archive, as a .deb is one (deb(5)). */
export function arOf(contents: Readonly<Record<string, string | Uint8Array>>): Uint8Array {
  const members = Object.entries(contents).flatMap(([name, content]) => {
    const body = Buffer.from(content);
    const header = `${name.padEnd(16)}${'1700000000'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(body.length).padEnd(10)}\`\n`;
    return [Buffer.from(header), body, Buffer.from(body.length % 2 === 0 ? '' : '\n')];
  });
  return Uint8Array.from(Buffer.concat([Buffer.from('!<arch>\n'), ...members]));
}

function little(...values: readonly (readonly [value: number, size: 2 | 4])[]): Buffer {
  return Buffer.concat(
    values.map(([value, size]) => {
      const field = Buffer.alloc(size);
      field.writeUIntLE(value, 0, size);
      return field;
    }),
  );
}
