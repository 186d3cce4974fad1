import { latin1 } from './bytes.ts';
import { causeOf, versus } from './causes.ts';
import type { PartPair } from './pairs.ts';
import type { Cause } from './types.ts';

/**
 * The hash that ends a legacy mangled Rust symbol, and the crate disambiguator of the v0 scheme (RFC 2603); what LLVM adds to names that it makes
 * visible, and to constants without a name; codegen units, which are hashes as a whole.
 */
const HASHES = /17h[0-9a-f]{16}E|Cs[0-9A-Za-z]{1,13}_|\.llvm\.\d{1,20}|anon\.[0-9a-f]{32}\.\d{1,9}|\.[0-9a-f]{16}-cgu|^[0-9a-z]{25}$/g;
const MAX_TABLE_BYTES = 64 * 1024 * 1024;

/** Symbol names that are the same names in any order once their hashes are dropped. */
export function symbolHashCauses(pairs: readonly PartPair[]): Cause[] {
  for (const { name, published, rebuilt } of pairs) {
    if ((name !== '.strtab' && name !== 'symbol names') || published === null || rebuilt === null) continue;
    if (published.length + rebuilt.length > MAX_TABLE_BYTES) continue;
    const [a, b] = [published, rebuilt].map((table) => latin1(table).split('\0')) as [string[], string[]];
    const [left, right] = [a, b].map((names) =>
      names
        .map((symbol) => symbol.replaceAll(HASHES, '#'))
        .sort()
        .join('\0'),
    );
    if (left !== right) continue;
    const [inA, inB] = [new Set(a), new Set(b)];
    const [theirs, ours] = [a.find((symbol) => !inB.has(symbol)), b.find((symbol) => !inA.has(symbol))];
    if (theirs === undefined || ours === undefined) continue;
    return [causeOf('symbol-hash', { evidence: [versus('symbol', theirs, ours)], covers: [{ part: name, bytes: 0 }] })];
  }
  return [];
}
