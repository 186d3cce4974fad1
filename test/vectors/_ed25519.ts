/**
 * Edge cases of Ed25519 verification (C2SP/CCTV, and their predecessor filippo.io/mostly-harmless/ed25519vectors).
 * Their flags say what is odd about key and signature. Our rules (packages/tlog/src/ed25519.ts): no odd key is ever
 * loaded, and for the others node:crypto (servers and the command), @noble/ed25519 and the latter in a browser decide alike.
 */
import { checkPublicKey, fromHex, utf8Encode, verifyEd25519Pure } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { browser } from './_browser.ts';
import { type Answer, type Question, question } from './_questions.ts';
import { tally, type Case, type Tally } from './_tally.ts';

export interface Ed25519Vector {
  name: string;
  key: string;
  signature: string;
  message: string;
  /** In lower case without underscores: `loworderresidue`. */
  flags: string[];
}

/** A key with one of these must be refused when it is loaded; one with none of them must not. */
const KEY_FLAGS: ReadonlySet<string> = new Set(['lowordera', 'lowordercomponenta', 'noncanonicala']);
/** With a good key, a signature with one of these is refused; one with none of them is valid. */
const SIGNATURE_FLAGS: ReadonlySet<string> = new Set(['loworderr', 'noncanonicalr', 'loworderresidue', 'reencodedk']);

const KEY_CHECKS = { here: checkPublicKey, bundle: browser.tlog.checkPublicKey };
const VERIFIERS = { node: verifyEd25519, pure: verifyEd25519Pure, bundle: browser.tlog.verifyEd25519Pure };

const parametersOf = ({ key, message, signature }: Ed25519Vector) => [fromHex(key), utf8Encode(message), fromHex(signature)] as const;

/** Two for each vector: whether its key may be loaded, and whether its signature verifies. */
export function ed25519Questions(vectors: readonly Ed25519Vector[]): Question[] {
  return vectors.flatMap((vector) => [
    question('checkPublicKey', fromHex(vector.key)),
    question('verifyEd25519Pure', ...parametersOf(vector)),
  ]);
}

/** @param answers of a real browser to the questions above, if it was asked */
export function runEd25519(name: string, vectors: readonly Ed25519Vector[], answers: readonly Answer[] = []): Tally {
  let good = 0;
  const cases: Case[] = vectors.map((vector, i) => ({
    name: vector.name,
    run() {
      const key = fromHex(vector.key);
      const bad = vector.flags.some((flag) => KEY_FLAGS.has(flag));
      const [loaded, verified] = answers.slice(2 * i, 2 * i + 2);
      const accepted = Object.entries(KEY_CHECKS).map(([where, check]) => [where, isAccepted(key, check)] as const);
      if (loaded !== undefined) accepted.push(['chromium', loaded.thrown === undefined]);
      const wrong = accepted.filter(([, is]) => is === bad).map(([where]) => where);
      if (wrong.length > 0)
        return `${wrong.join(', ')}: expected the key to be ${bad ? 'refused' : 'accepted'} (${vector.flags.join(', ')})`;
      if (bad) return null;
      good += 1;
      const found: [string, unknown][] = Object.entries(VERIFIERS).map(([where, verify]) => [where, verify(...parametersOf(vector))]);
      if (verified !== undefined) found.push(['chromium', verified.thrown ?? verified.value]);
      const expected = !vector.flags.some((flag) => SIGNATURE_FLAGS.has(flag));
      if (found.every(([, is]) => is === expected)) return null;
      return `expected ${expected}, found ${JSON.stringify(Object.fromEntries(found))} (${vector.flags.join(', ')})`;
    },
  }));
  return { ...tally(name, cases), remark: `${good} with a key that may be loaded, ${vectors.length - good} keys refused` };
}

function isAccepted(key: Uint8Array, check: (key: Uint8Array) => void): boolean {
  try {
    check(key);
    return true;
  } catch {
    return false;
  }
}

/** `ed25519/cctv.json`. */
export function readCctv(text: string): Ed25519Vector[] {
  const vectors = JSON.parse(text) as { number: number; key: string; sig: string; msg: string; flags: string[] | null }[];
  return vectors.map(({ number, key, sig, msg, flags }) => ({
    name: `#${number}`,
    key,
    signature: sig,
    message: msg,
    flags: normalize(flags),
  }));
}

/** `ed25519vectors.json` of filippo.io/mostly-harmless. */
export function readMostlyHarmless(text: string): Ed25519Vector[] {
  const vectors = JSON.parse(text) as { A: string; R: string; S: string; M: string; Flags: string[] | null }[];
  return vectors.map(({ A, R, S, M, Flags }, i) => ({
    name: `#${i}`,
    key: A,
    signature: R + S,
    message: M,
    flags: normalize(Flags),
  }));
}

function normalize(flags: string[] | null): string[] {
  return (flags ?? []).map((flag) => flag.replaceAll('_', '').toLowerCase());
}
