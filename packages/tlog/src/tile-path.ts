/** Paths of tiles and entry bundles: C2SP tlog-tiles, "Merkle tree tiles" and "Log entries". */
import { MAX_SIZE, checkRange, parseDecimal } from './decimal.ts';
import { TlogError } from './errors.ts';

/** Hashes of a full tile, and entries of a full bundle. */
export const TILE_WIDTH = 256;
/** Highest level that a path may name. Trees below 2^63 leaves use levels 0…7. */
const MAX_TILE_LEVEL = 63;

export type TilePath = { kind: 'tile'; level: number; index: bigint; width: number } | { kind: 'entries'; index: bigint; width: number };

/** `tile/0/x001/234.p/17`; no suffix for a full tile. Throws `out-of-range`. */
export function tilePath(level: number, index: bigint, width: number = TILE_WIDTH): string {
  if (!Number.isInteger(level) || level < 0 || level > MAX_TILE_LEVEL) {
    throw new TlogError('out-of-range', `expected a tile level in 0…${MAX_TILE_LEVEL}, found ${level}`);
  }
  return `tile/${level}/${formatIndex(index)}${formatWidth(width)}`;
}

/** `tile/entries/x001/234.p/17`; no suffix for a full bundle. Throws `out-of-range`. */
export function entriesPath(index: bigint, width: number = TILE_WIDTH): string {
  return `tile/entries/${formatIndex(index)}${formatWidth(width)}`;
}

/** What `tilePath` or `entriesPath` would spell as `path`; null for everything else. */
export function parseTilePath(path: string): TilePath | null {
  const match = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,6}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path);
  if (match === null) return null;
  const [, kind, groups, partial] = match as unknown as [string, string, string, string | undefined];
  const digits = groups.replaceAll(/[x/]/g, '').replace(/^0+(?=[0-9])/, '');
  const width = partial === undefined ? TILE_WIDTH : parseInt(partial, 10);
  let spelled: string;
  let parsed: TilePath;
  try {
    const index = parseDecimal(digits, 'a tile index');
    if (kind === 'entries') {
      parsed = { kind: 'entries', index, width };
      spelled = entriesPath(index, width);
    } else {
      parsed = { kind: 'tile', level: parseInt(kind, 10), index, width };
      spelled = tilePath(parsed.level, index, width);
    }
  } catch {
    return null;
  }
  return spelled === path ? parsed : null;
}

/** Three-digit groups, all but the last with an x: 1234067 is `x001/x234/067`. */
function formatIndex(index: bigint): string {
  const digits = checkRange(index, 'a tile index', MAX_SIZE).toString();
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = padded.match(/.{3}/g)!;
  return groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
}

function formatWidth(width: number): string {
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH) {
    throw new TlogError('out-of-range', `expected a tile width in 1…${TILE_WIDTH}, found ${width}`);
  }
  return width === TILE_WIDTH ? '' : `.p/${width}`;
}
