/** How a key that signs statements is named. */
import { KEY_TYPE_ED25519, concatBytes, parseVkey, sha256, toHex, utf8Encode, type VerifierKey } from '@verbatim/tlog';
import { StatementError } from './errors.ts';
import { string } from './schema.ts';
import { isPrintable } from './text.ts';

/** 64 hex digits: SHA-256(name ‖ "\n" ‖ 0x01 ‖ publicKey), so its first 8 are the vkey's key ID (C2SP signed-note). */
export function keyidOf(name: string, publicKey: Uint8Array): string {
  return toHex(sha256(concatBytes(utf8Encode(`${name}\n`), Uint8Array.of(KEY_TYPE_ED25519), publicKey)));
}

/** The keyid of a verifier key of type 0x01. Throws TlogError for a malformed one, `bad-key` for another type. */
export function keyidOfVkey(vkey: string | VerifierKey): string {
  const key = typeof vkey === 'string' ? parseVkey(vkey) : vkey;
  if (key.type !== KEY_TYPE_ED25519) {
    throw new StatementError('bad-key', '', `expected a verifier key of type 0x01 (Ed25519), found type 0x${key.type.toString(16)}`);
  }
  return keyidOf(key.name, key.publicKey);
}

/** Checking a key costs about 1 ms (it must be torsion-free), and a log names few: the last ones are remembered. */
const MAX_CHECKED = 256;
const checked = new Map<string, VerifierKey>();

/** A verifier key that signs statements or checkpoints. Throws TlogError, or `bad-key` for another type than 0x01. */
export function statementKey(text: string): VerifierKey {
  const known = checked.get(text);
  if (known !== undefined) return known;
  const key = parseVkey(text);
  keyidOfVkey(key);
  if (checked.size >= MAX_CHECKED) checked.delete(checked.keys().next().value!);
  checked.set(text, key);
  return key;
}

function isStatementVkey(text: string): boolean {
  try {
    return isPrintable(statementKey(text).name);
  } catch {
    return false;
  }
}
export const vkeyText = string('a verifier key name+hex8+base64 of type 0x01', 512, isStatementVkey);
