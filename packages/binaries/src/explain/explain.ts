import type { ExplainContext, Explanation } from './types.ts';

const NOTHING = { causes: [], claims: [], parts: [], strings: { publishedOnly: [], rebuiltOnly: [] }, truncated: [] };

/** Says why two files differ that should be the same build of the same release. Never throws. */
export function explain(published: Uint8Array, rebuilt: Uint8Array, _context: ExplainContext = {}): Explanation {
  const sizes = { published: published.length, rebuilt: rebuilt.length };
  const same = published.length === rebuilt.length && published.every((byte, at) => byte === rebuilt[at]);
  return { class: same ? 'identical' : 'unexplained', sizes, ...NOTHING };
}
