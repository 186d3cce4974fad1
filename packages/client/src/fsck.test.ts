import { InMemoryLog } from '@verbatim/testkit';
import { parseTilePath, utf8Encode, type Hash } from '@verbatim/tlog';
import { describe, expect, test } from 'vitest';
import { codeOf } from './_support.ts';
import { ClientError } from './errors.ts';
import { MAX_FINDINGS, fsck, type FsckOptions, type FsckReport } from './fsck.ts';

const log = new InMemoryLog();
function grow(size: bigint): void {
  while (log.size < size) log.add(utf8Encode(`entry ${log.size}`));
}

interface Check extends FsckOptions {
  readonly override?: (path: string) => Uint8Array | null | undefined;
  readonly root?: Hash;
}

/** Checks the log as it was at `size`, read file by file; `override` may serve other ones. */
async function check(
  size: bigint,
  { override = () => undefined, root, ...options }: Check = {},
): Promise<FsckReport & { asked: string[] }> {
  grow(size);
  const asked: string[] = [];
  const get = async (path: string): Promise<Uint8Array | null> => {
    asked.push(path);
    const other = override(path);
    return other === undefined ? log.read(path) : other;
  };
  const source = { location: 'test', hasLookup: false, get, close: async () => {} };
  return { ...(await fsck(source, { origin: log.origin, size, root: root ?? log.root(size) }, options)), asked };
}

const flipped = (path: string): Uint8Array => {
  const bytes = Uint8Array.from(log.read(path)!);
  bytes[bytes.length - 1]! ^= 1;
  return bytes;
};

describe('fsck', () => {
  test.each([0n, 1n, 2n, 3n, 255n, 256n, 257n, 300n, 511n, 512n, 513n, 65_537n])(
    'finds nothing in a sound log of %d entries, and reads each file once',
    async (size) => {
      const { entries, tiles, findings, asked } = await check(size);
      expect({ entries, findings }).toEqual({ entries: size, findings: [] });
      expect(new Set(asked).size).toBe(asked.length);
      expect(tiles).toBe(asked.filter((path) => parseTilePath(path)?.kind === 'tile').length);
    },
  );

  test('takes the full tile for a partial one that is gone', async () => {
    grow(65_536n);
    const { findings } = await check(300n, { override: (path) => (path.includes('.p/') ? null : undefined) });
    expect(findings).toEqual([]);
  });

  test('names every single file that has one bit changed', async () => {
    const size = 600n;
    const { asked } = await check(size);
    for (const path of asked) {
      const { findings } = await check(size, { override: (each) => (each === path ? flipped(path) : undefined) });
      expect(findings.length, path).toBeGreaterThan(0);
      // A changed entry is another leaf: the tile above says otherwise.
      const named = path.startsWith('tile/entries/') ? path.replace('entries', '0') : path;
      expect(findings[0]!.where).toBe(named);
    }
  });

  test('names every single file that is missing or cut', async () => {
    const size = 600n;
    const { asked } = await check(size);
    for (const path of asked) {
      const missing = await check(size, { override: (each) => (each === path || each === path.replace(/\.p\/.*/, '') ? null : undefined) });
      expect(missing.findings[0], path).toMatchObject({ where: path, found: 'nothing' });
      const cut = await check(size, { override: (each) => (each === path ? log.read(path)!.subarray(1) : undefined) });
      expect(cut.findings[0]?.where, path).toBe(path);
    }
  });

  test('says that a signed root is another', async () => {
    const { findings } = await check(10n, { root: log.root(9n) });
    expect(findings.map(({ where }) => where)).toEqual(['checkpoint']);
  });

  test('hands over every entry, in order, and lists what is wrong with it', async () => {
    const seen: bigint[] = [];
    const { findings } = await check(300n, {
      checkEntry: (index) => {
        seen.push(index);
        return index === 260n ? 'not one' : null;
      },
    });
    expect(seen).toEqual(Array.from({ length: 300 }, (_, i) => BigInt(i)));
    expect(findings).toEqual([{ where: 'entry 260', expected: 'a statement that a log admits', found: 'not one' }]);
  });

  test('stops after so many findings', async () => {
    const { findings, entries } = await check(600n, { checkEntry: () => 'wrong' });
    expect(findings).toHaveLength(MAX_FINDINGS);
    expect(entries).toBe(256n);
  });

  test('reports progress, and stops when told to', async () => {
    const sizes: bigint[] = [];
    await check(600n, { onProgress: (entries) => sizes.push(entries) });
    expect(sizes).toEqual([256n, 512n, 600n]);
    const reason = new Error('enough');
    await expect(check(600n, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('is not a verdict about a log that does not answer', async () => {
    const trouble = new ClientError('unreachable', 'no');
    const override = (path: string): undefined => {
      if (path.startsWith('tile/0/')) throw trouble;
    };
    expect(await codeOf(check(300n, { override }))).toBe('unreachable');
  });
});
