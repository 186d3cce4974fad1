/** The text of a Cargo.lock inside a recipe. What it means is the fetch stage's to read; here it is only text of one spelling. */
import { string } from './schema.ts';

/** Several times the lockfile of a large program; a recipe may have 256 KiB. */
const MAX_LOCK = 192 * 1024;

/** Printable ASCII in lines that end with a line feed, as cargo writes it. */
export const cargoLock = string(
  'the text of a Cargo.lock',
  MAX_LOCK,
  (text) => /^(?:[ -~]*\n)+$/.test(text) && text.includes('[[package]]\n'),
);
