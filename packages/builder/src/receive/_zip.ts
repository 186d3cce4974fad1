/** Test-only: zip archives, honest and otherwise. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly content?: string | Buffer;
  /** Instead of the name, in the local header. */
  readonly localName?: string;
  /** Unix mode with type. */
  readonly mode?: number;
  readonly method?: number;
  readonly flags?: number;
  /** What the headers say, when it is not the truth. */
  readonly size?: number;
}

export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, content = '', localName = name, mode = 0o100644, method = 8, flags = 0, size } of entries) {
    const bytes = Buffer.from(content);
    const data = method === 8 ? deflateRawSync(bytes) : bytes;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(size ?? bytes.length, 18);
    const header = (signature: number, fileName: string, before: Buffer, after: Buffer): Buffer => {
      const lengths = Buffer.from(common);
      lengths.writeUInt16LE(Buffer.byteLength(fileName), 22);
      const start = Buffer.alloc(4);
      start.writeUInt32LE(signature);
      return Buffer.concat([start, before, lengths, after, Buffer.from(fileName)]);
    };
    const local = Buffer.concat([header(0x04034b50, localName, Buffer.alloc(0), Buffer.alloc(0)), data]);
    const after = Buffer.alloc(14);
    after.writeUInt32LE((mode << 16) >>> 0, 6);
    after.writeUInt32LE(offset, 10);
    central.push(header(0x02014b50, name, Buffer.from([20, 3]), after));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}
