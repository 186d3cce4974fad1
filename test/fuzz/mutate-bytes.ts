/** Mutations that know nothing of the format. */
import type { Mutation } from './mutation.ts';

const INTERESTING = [0, 1, 9, 10, 13, 32, 34, 43, 45, 46, 47, 61, 92, 127, 128, 254, 255];
const WORDS = [0n, 1n, 0x7fn, 0xffn, 0xffffn, 0x7fff_ffffn, 0xffff_ffffn, 0x7fff_ffff_ffff_ffffn, 0xffff_ffff_ffff_ffffn];

export const BYTE_MUTATIONS: readonly Mutation<Uint8Array>[] = [
  /** One bit. */
  (bytes, { at, pick }) => changed(bytes, at(bytes.length), (byte) => byte ^ (1 << pick(8))),
  /** One byte. */
  (bytes, { at, pick }) => changed(bytes, at(bytes.length), () => INTERESTING[pick(INTERESTING.length)]!),
  /** A field of 2, 4 or 8 bytes, either way round: lengths and counts. */
  (bytes, { at, pick }) => {
    const width = 2 << pick(3);
    if (bytes.length < width) return bytes;
    const field = Buffer.alloc(8);
    field.writeBigUInt64BE(BigInt.asUintN(64, WORDS[pick(WORDS.length)]!));
    const value = field.subarray(8 - width);
    const copy = bytes.slice();
    copy.set(pick(2) === 0 ? value : value.toReversed(), at(bytes.length - width + 1));
    return copy;
  },
  /** Cut off. */
  (bytes, { at }) => bytes.slice(0, at(bytes.length + 1)),
  /** Cut out. */
  (bytes, { at, pick }) => spliced(bytes, at(bytes.length), 1 + pick(64), new Uint8Array()),
  /** Put in. */
  (bytes, { at, pick }) =>
    spliced(bytes, at(bytes.length + 1), 0, new Uint8Array(1 + pick(64)).fill(INTERESTING[pick(INTERESTING.length)]!)),
  /** Said twice. */
  (bytes, { at, pick }) => {
    const from = at(bytes.length);
    return spliced(bytes, from, 0, bytes.slice(from, from + 1 + pick(256)));
  },
  /** The head of one and the tail of another. */
  (bytes, { at, other }) => Buffer.concat([bytes.subarray(0, at(bytes.length + 1)), other.subarray(at(other.length + 1))]),
];

function changed(bytes: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  if (bytes.length === 0) return bytes;
  return bytes.with(at, change(bytes[at]!));
}

function spliced(bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
}
