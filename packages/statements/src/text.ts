/** The texts that statements contain: what each may look like, and how long it may be (in UTF-16 code units). */
import { fromBase64, isKeyName } from '@verbatim/tlog';
import { string, type Check } from './schema.ts';

const matches = (pattern: RegExp) => (text: string) => pattern.test(text);

/** Control, format, bidi, private, surrogate and separator characters. Written out: Unicode's categories grow, an admission rule must not. */
const UNPRINTABLE =
  // eslint-disable-next-line no-control-regex, no-misleading-character-class
  /[\u0000-\u001f\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{10ffff}]/u;

/** Every character is visible and stands where it is written; ordinary spaces are allowed inside. */
export function isPrintable(text: string): boolean {
  return text !== '' && !UNPRINTABLE.test(text) && !text.startsWith(' ') && !text.endsWith(' ');
}

/** Printable text for people. */
export const printable = (max: number): Check<string> => string('printable text', max, isPrintable);

const MAX_PATH = 512;

/** Relative, with `/` between segments, and going nowhere but down (on Windows too). */
export function isRelativePath(text: string): boolean {
  if (!isPrintable(text) || text.includes('\\') || /^[A-Za-z]:/.test(text)) return false;
  return text.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}

/** A member's path inside its container, or an artifact's name. */
export const relativePath = string('a relative path without "." and ".."', MAX_PATH, isRelativePath);

export const sha256Hex = string('64 lower-case hex digits', 64, matches(/^[0-9a-f]{64}$/));
export const sha512Hex = string('128 lower-case hex digits', 128, matches(/^[0-9a-f]{128}$/));
/** A git object name, SHA-1 or SHA-256. */
export const revision = string('40 or 64 lower-case hex digits', 64, matches(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/));
/** A code such as `claim-mismatch`. */
export const code = string('a code of lower-case words with hyphens', 64, matches(/^[a-z0-9]+(?:-[a-z0-9]+)*$/));
/** A version or short name of a tool. */
export const token = string('letters, digits and ._+~:-', 64, matches(/^[A-Za-z0-9][A-Za-z0-9._+~:-]*$/));
/** `os/arch`, as Go writes it. */
export const platform = string('a platform such as linux/amd64', 32, matches(/^[a-z0-9]+\/[a-z0-9]+$/));

/** Whether `text` is `h1:` and the canonical base64 of 32 bytes, as Go's checksum database writes it. */
export function isH1(text: string): boolean {
  if (!/^h1:[A-Za-z0-9+/]{43}=$/.test(text)) return false;
  try {
    return fromBase64(text.slice(3)).length === 32;
  } catch {
    return false;
  }
}
export const h1 = string('a Go h1: checksum', 47, isH1);
export const sha256Digest = string('sha256: and 64 lower-case hex digits', 71, matches(/^sha256:[0-9a-f]{64}$/));
/** How a toolchain is named by its bytes. */
export const toolchainDigest = string('h1:… or sha256:…', 71, (text) => isH1(text) || /^sha256:[0-9a-f]{64}$/.test(text));

/** Whether `text` is a time that exists, in UTC, to the second; the year is 1970 or later. */
export function isTime(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/.exec(text);
  if (match === null) return false;
  const [year, month, day] = match.slice(1, 4).map((digits) => parseInt(digits, 10)) as [number, number, number];
  return year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
export const time = string('a time YYYY-MM-DDTHH:MM:SSZ since 1970', 20, isTime);

/** POSIX seconds of a checked time. */
export const secondsOf = (text: string): number => Date.parse(text) / 1000;

/** A log's origin is its key's name as well, so the rules of names hold (C2SP signed-note). */
export const origin = string('an origin without spaces and plus signs', 255, (text) => isKeyName(text) && isPrintable(text));

/** An absolute https address without user, password or fragment. */
export const httpsUrl = string('an https address', 512, (text) => {
  if (!/^https:\/\/[!-~]+$/.test(text)) return false;
  const url = URL.parse(text);
  return url !== null && url.href === text && url.username === '' && url.password === '' && url.hash === '';
});

/** Where a log is read: http(s), as everything read there is verified; without user, password, query and fragment. */
export const logUrl = string('the http(s) address of a log, such as https://log.example/', 512, (text) => {
  if (!/^https?:\/\/[!-~]+$/.test(text)) return false;
  const url = URL.parse(text);
  return url !== null && url.href === text && url.username === '' && url.password === '' && !/[?#]/.test(text);
});
