// Test helper: archives made by the machine's own tools, and zips made by hand.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';

export type Files = Readonly<Record<string, string | Uint8Array>>;
const TIME = 1_700_000_000;

/** A folder with `files`, all of one time, removed by `using`. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'verbatim-archives-'));

  constructor(files: Files = {}) {
    for (const [name, content] of Object.entries(files)) this.write(name, content);
  }

  write(name: string, content: string | Uint8Array): void {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode: 0o644 });
    utimesSync(path, TIME, TIME);
  }

  /** Runs a line of shell in it and returns its standard output. */
  run(script: string): Uint8Array {
    const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
    return new Uint8Array(execFileSync('/bin/sh', ['-ec', script], { cwd: this.path, env, maxBuffer: 2 ** 28 }));
  }

  read(name: string): Uint8Array {
    return new Uint8Array(readFileSync(join(this.path, name)));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** What `tar` with these options packs. */
export function tarOf(files: Files, options = ''): Uint8Array {
  using folder = new Folder(files);
  return folder.run(`tar --sort=name --owner=0 --group=0 --mtime=@${TIME} --format=gnu ${options} -cf - *`);
}

export interface DebOptions {
  readonly compressor?: 'xz' | 'gzip';
  readonly tar?: string;
  readonly time?: number;
}

/** A .deb by ar, tar and a compressor, with md5sums as dpkg-deb's helpers make them. */
export function debOf(files: Files, { compressor = 'xz', tar = '', time = TIME }: DebOptions = {}): Uint8Array {
  const control = 'Package: hello\nVersion: 1.0-1\nArchitecture: amd64\nMaintainer: Nobody <nobody@example.org>\nDescription: test\n';
  using folder = new Folder(Object.fromEntries(Object.entries(files).map(([name, content]) => [`data/${name}`, content])));
  folder.write('control/control', control);
  const suffix = { xz: 'xz', gzip: 'gz' }[compressor];
  return folder.run(`
    (cd data && find . -type f | LC_ALL=C sort | xargs md5sum | sed 's,  \\./,  ,') > control/md5sums
    printf '2.0\\n' > debian-binary
    for part in control data; do
      tar -C $part --sort=name --owner=0 --group=0 --numeric-owner --mtime=@${time} --format=gnu ${tar} -cf $part.tar .
      ${compressor} $part.tar
    done
    touch -d @${time} debian-binary *.tar.*
    ar rcSU out.deb debian-binary control.tar.${suffix} data.tar.${suffix}
    cat out.deb`);
}

export interface ZipMember {
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly mode?: number;
  /** MS-DOS time and date, as one number. */
  readonly time?: number;
  readonly level?: number;
  /** What the directory says instead of the truth. */
  readonly size?: number;
}

/** A zip archive by APPNOTE 4.3.7, 4.3.12 and 4.3.16, with `stub` in front. */
export function zipOf(members: readonly ZipMember[], { stub = '', comment = '' } = {}): Uint8Array {
  const bodies: Buffer[] = [Buffer.from(stub)];
  const directory: Buffer[] = [];
  for (const { name, content, mode = 0o100644, time = 0x5a21_6000, level = 6, size } of members) {
    const plain = Buffer.from(content);
    const data = deflateRawSync(plain, { level });
    const shared = fields(
      [20, 2],
      [0, 2],
      [8, 2],
      [time, 4],
      [crc32(plain), 4],
      [data.length, 4],
      [size ?? plain.length, 4],
      [name.length, 2],
    );
    const at = Buffer.concat(bodies).length;
    bodies.push(fields([0x04034b50, 4]), shared, fields([0, 2]), Buffer.from(name), data);
    directory.push(
      fields([0x02014b50, 4], [0x0314, 2]),
      shared,
      fields([0, 2], [0, 2], [0, 2], [0, 2], [(mode << 16) >>> 0, 4], [at, 4]),
      Buffer.from(name),
    );
  }
  const [body, central] = [Buffer.concat(bodies), Buffer.concat(directory)];
  const end = fields(
    [0x06054b50, 4],
    [0, 4],
    [members.length, 2],
    [members.length, 2],
    [central.length, 4],
    [body.length, 4],
    [comment.length, 2],
  );
  return new Uint8Array(Buffer.concat([body, central, end, Buffer.from(comment)]));
}

function fields(...values: readonly (readonly [value: number, size: 2 | 4])[]): Buffer {
  return Buffer.concat(
    values.map(([value, size]) => {
      const field = Buffer.alloc(size);
      field.writeUIntLE(value, 0, size);
      return field;
    }),
  );
}
