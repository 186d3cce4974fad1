// A module proxy in a folder, as GOPROXY=file:///… reads it (go.dev/ref/mod, "GOPROXY protocol").
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { crc32 } from 'node:zlib';

/** Sources by file name, by `module@version`; each needs a go.mod. */
export type GoModules = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Writes the proxy's files below `root` and returns its address. */
export function moduleProxy(root: string, modules: GoModules): string {
  const versions = new Map<string, string[]>();
  for (const [name, files] of Object.entries(modules)) {
    const [path, version] = name.split('@') as [string, string];
    versions.set(path, [...(versions.get(path) ?? []), version]);
    const base = join(root, path, '@v', version);
    mkdirSync(dirname(base), { recursive: true });
    writeFileSync(`${base}.info`, JSON.stringify({ Version: version, Time: '2026-01-01T00:00:00Z' }));
    writeFileSync(`${base}.mod`, files['go.mod']!);
    writeFileSync(`${base}.zip`, zip(Object.entries(files).map(([file, text]) => [`${name}/${file}`, Buffer.from(text)])));
  }
  for (const [path, list] of versions) writeFileSync(join(root, path, '@v', 'list'), `${list.join('\n')}\n`);
  return pathToFileURL(root).href;
}

/** A zip file whose members are stored, not compressed (APPNOTE.TXT 4.3). */
function zip(members: readonly (readonly [string, Buffer])[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, data] of members) {
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt32LE(crc32(data), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(data.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    const body = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), data]);
    directory.push(Buffer.from('PK\x01\x02\x14\0'), fields, place, Buffer.from(name));
    bodies.push(body);
    offset += body.length;
  }
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, ...directory, end]);
}
