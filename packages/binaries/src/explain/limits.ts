/** Every limit of an explanation. What is cut off is named in `truncated`; a comparison that was cut off explains nothing. */

/** Files above this are compared as a whole only. Bytes; far above the largest releases seen (120 MB). */
export const MAX_FILE_BYTES = 512 * 1024 * 1024;
/** Differing stretches of one part that are looked at one by one. */
export const MAX_RUNS = 20_000;
/** Parts that an explanation lists. */
export const MAX_LISTED_PARTS = 256;
/** Bytes of differing parts whose strings are compared. */
export const MAX_STRING_BYTES = 64 * 1024 * 1024;
/** Strings listed for each side, and the length of one. */
export const MAX_LISTED_STRINGS = 100;
export const MAX_STRING_LENGTH = 200;
/** Values that are looked for in the texts of the inputs, and how much of those (UTF-16 code units). */
export const MAX_LOOKUPS = 64;
export const MAX_INPUT_LENGTH = 16 * 1024 * 1024;
/** Claims and causes listed. */
export const MAX_CLAIMS = 200;
export const MAX_CAUSES = 24;
export const MAX_EVIDENCE = 8;
