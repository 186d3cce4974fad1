import { ascii, indexOfBytes } from '../reader.ts';
import { causeOf, versus } from './causes.ts';
import type { Ledger } from './ledger.ts';
import type { PartPair } from './pairs.ts';
import type { Cause, ClaimDifference } from './types.ts';

/** Messages that are compiled in only with a check, and so tell a profile: debug-assertions and overflow-checks. */
const CHECKS: readonly (readonly [option: string, message: string])[] = [
  ['overflow-checks', 'attempt to add with overflow'],
  ['overflow-checks', 'attempt to subtract with overflow'],
  ['overflow-checks', 'attempt to multiply with overflow'],
  ['debug-assertions', 'unsafe precondition(s) violated'],
];
const RUST = ascii('/rustc/');
/** Bytes of constants that are searched. */
const MAX_SEARCHED = 64 * 1024 * 1024;

/**
 * Options of rustc, of which a program records none. Checks that only one of two programs has show themselves by their messages; of the rest
 * (opt-level, codegen-units, lto) machine code that differs is all there is, and it looks like a change of source: a lead beside that, for
 * `unexplained` either way until a rebuild with the setting changed has the published bytes.
 * @param claims of another compiler or linker, which say enough
 */
export function rustProfileCauses(ledger: Ledger, published: Uint8Array, rebuilt: Uint8Array, claims: readonly ClaimDifference[]): Cause[] {
  const code = ledger.pairs.find((pair) => pair.code && !pair.settled && pair.name !== 'file');
  if (code === undefined || claims.length > 0 || ![published, rebuilt].every((bytes) => has(bytes, RUST))) return [];
  const facts = new Map<string, string>();
  for (const [option, message] of CHECKS) {
    const [theirs, ours] = [published, rebuilt].map((bytes) => has(bytes, ascii(message))) as [boolean, boolean];
    if (theirs !== ours) facts.set(option, versus(`“${message}”`, theirs ? 'there' : null, ours ? 'there' : null));
  }
  if (facts.size === 0 && !isAllOver(code)) return [];
  const subject = facts.size === 0 ? 'opt-level, codegen-units, lto …' : [...facts.keys()].join(', ');
  return [causeOf('build-profile', { subject, evidence: [...facts.values()], covers: [{ part: code.name, bytes: 0 }] })];
}

const has = (bytes: Uint8Array, text: Uint8Array): boolean => indexOfBytes(bytes.subarray(0, MAX_SEARCHED), text) >= 0;

/** Another optimisation is seen all over the code; a few displaced operands are not one. */
function isAllOver({ published, rebuilt, differing }: PartPair): boolean {
  return published?.length !== rebuilt?.length || differing * 100 > (rebuilt?.length ?? 0);
}
