// Test helper: small ELF files whose headers say what a test wants them to say.

export interface FakeSection {
  readonly name: string;
  readonly data: Uint8Array;
  /** SHF_ALLOC 2, SHF_EXECINSTR 4. */
  readonly flags?: number;
  /** Whether a program header maps it, whatever the flags say. */
  readonly loaded?: boolean;
  readonly type?: number;
}

const text = (value: string) => Uint8Array.from(value, (character) => character.charCodeAt(0));
export const bytes = (value: string | Uint8Array) => (typeof value === 'string' ? text(value) : value);

/** A 64-bit little-endian file: header, program headers, the sections one after the other, their names, section headers. */
export function elf(sections: readonly FakeSection[]): Uint8Array {
  const mapped = sections.filter(({ flags = 0, loaded }) => loaded ?? (flags & 2) !== 0);
  const all = [...sections, { name: '.shstrtab', data: text(`\0${[...sections.map(({ name }) => name), '.shstrtab'].join('\0')}\0`) }];
  const start = 64 + mapped.length * 56;
  const offsets: number[] = [];
  let at = start;
  for (const { data } of all) {
    offsets.push(at);
    at += data.length;
  }
  const table = at;
  const file = new Uint8Array(table + (all.length + 1) * 64);
  const view = new DataView(file.buffer);
  const u64 = (offset: number, value: number) => view.setBigUint64(offset, BigInt(value), true);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 62, true);
  u64(32, 64);
  u64(40, table);
  for (const [offset, value] of [
    [52, 64],
    [54, 56],
    [56, mapped.length],
    [58, 64],
    [60, all.length + 1],
    [62, all.length],
  ])
    view.setUint16(offset!, value!, true);
  for (const [i, section] of mapped.entries()) {
    const offset = offsets[all.indexOf(section)]!;
    const base = 64 + i * 56;
    view.setUint32(base, 1, true);
    u64(base + 8, offset);
    u64(base + 16, 0x400000 + offset);
    u64(base + 32, section.data.length);
    u64(base + 40, section.data.length);
  }
  let name = 1;
  for (const [i, section] of all.entries()) {
    const { data, flags = 0, type = 1 }: FakeSection = section;
    file.set(data, offsets[i]!);
    const base = table + (i + 1) * 64;
    view.setUint32(base, name, true);
    view.setUint32(base + 4, type, true);
    u64(base + 8, flags);
    u64(base + 16, (flags & 2) === 0 ? 0 : 0x400000 + offsets[i]!);
    u64(base + 24, offsets[i]!);
    u64(base + 32, data.length);
    u64(base + 48, 1);
    name += section.name.length + 1;
  }
  return file;
}

/** A note section: owner (with its zero), type, description. */
export function note(owner: string, type: number, description: Uint8Array): Uint8Array {
  const data = new Uint8Array(16 + Math.ceil(description.length / 4) * 4);
  const view = new DataView(data.buffer);
  view.setUint32(0, owner.length, true);
  view.setUint32(4, description.length, true);
  view.setUint32(8, type, true);
  data.set(text(owner), 12);
  data.set(description, 16);
  return data;
}

export const code = (value: string | Uint8Array): FakeSection => ({ name: '.text', data: bytes(value), flags: 6 });
export const data = (value: string | Uint8Array, name = '.rodata'): FakeSection => ({ name, data: bytes(value), flags: 2 });
export const aside = (name: string, value: string | Uint8Array): FakeSection => ({ name, data: bytes(value) });
export const gnuId = (fill: number): FakeSection => ({
  name: '.note.gnu.build-id',
  data: note('GNU\0', 3, new Uint8Array(20).fill(fill)),
  flags: 2,
  type: 7,
});
