import { type ControlAction, makeControl } from '@verbatim/statements';
import { ADMIN, aGenesis, continuedLog, InMemoryLog, ROOT, testSigner } from '@verbatim/testkit';
import { formatNote, parseNote, parseVkey, type Signer, toHex } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { describe, expect, it } from 'vitest';
import { catchUp, type CatchUpOptions } from './follow.ts';
import { grow, Kept, served, upTo } from './_followed.ts';

const ORIGIN = 'log.example/rotating';
const [LOG1, LOG2, LOG3] = [testSigner(ORIGIN), testSigner(ORIGIN, '2'), testSigner(ORIGIN, '3')];
const ROOT2 = testSigner('root2');
const [OTHER, OTHER2] = [testSigner('other.example/log'), testSigner('other.example/log', '2')];

/** The log's genesis, then entries up to `size`. */
function begun(size: number): InMemoryLog {
  const log = new InMemoryLog({ origin: ORIGIN, signer: LOG1 });
  log.addStatement(aGenesis(ORIGIN), ROOT);
  return grow(log, size);
}

function rotate(log: InMemoryLog, key: ControlAction<'rotate'>['key'], old: Signer, added: Signer, by = ROOT): bigint {
  return log.addStatement(makeControl({ action: 'rotate', origin: ORIGIN, key, old: vkeyOf(old), vkey: vkeyOf(added) }), by, added);
}

/** With the lines of both. */
function signedByBoth(log: InMemoryLog, a: Signer, b: Signer): Uint8Array {
  const [one, other] = [a, b].map((signer) => parseNote(continuedLog(log, signer).checkpoint())) as [Note, Note];
  return formatNote({ text: one.text, signatures: [...one.signatures, ...other.signatures] });
}
type Note = ReturnType<typeof parseNote>;

/** Followed to its end by its first key. */
async function followed(log: InMemoryLog) {
  const it = await served(log, parseVkey(vkeyOf(ROOT)));
  const consumer = new Kept();
  await catchUp(it.reader, consumer, it);
  return { ...it, consumer };
}

describe('following a log that changes its key', () => {
  it('goes on by the new key, in the same process and in the next one, and asks nobody else', async () => {
    const log = begun(300);
    const it = await followed(log);
    rotate(log, 'log', LOG1, LOG2);
    it.state.override = (path) => (path === 'checkpoint' ? signedByBoth(log, LOG1, LOG2) : undefined);
    await catchUp(it.reader, it.consumer, it);
    it.state.override = () => undefined;
    for (const reader of [it.reader, await it.open()]) {
      grow(log, Number(log.size) + 10);
      it.state.log = continuedLog(log, LOG2);
      await catchUp(reader, it.consumer, it);
    }
    expect(it.consumer.indexes).toEqual(upTo(321));
    expect(it.consumer.kept!.vkey).toBe(vkeyOf(LOG1));
  });

  it('finds several rotations that happened while nobody looked', async () => {
    const log = begun(300);
    const it = await followed(log);
    rotate(log, 'log', LOG1, LOG2);
    grow(log, 600);
    rotate(log, 'log', LOG2, LOG3);
    it.state.log = continuedLog(log, LOG3);
    await catchUp(await it.open(), it.consumer, it);
    expect(it.consumer.indexes).toEqual(upTo(601));
  });

  it('begins with a log that rotated long ago, by its first key or a later one', async () => {
    const log = begun(20);
    rotate(log, 'root', ROOT, ROOT2);
    rotate(log, 'log', LOG1, LOG2, ROOT2);
    rotate(log, 'log', LOG2, LOG3, ROOT2);
    grow(log, 40);
    for (const pinned of [LOG1, LOG2, LOG3]) {
      for (const root of [ROOT, ROOT2]) {
        const it = await served(continuedLog(log, pinned), parseVkey(vkeyOf(root)));
        it.state.log = continuedLog(log, LOG3);
        const consumer = new Kept();
        await catchUp(it.reader, consumer, it);
        expect(consumer.indexes).toEqual(upTo(40));
      }
    }
  });

  it('takes the word of the root key that is current, and no earlier one', async () => {
    const log = begun(20);
    rotate(log, 'root', ROOT, ROOT2);
    rotate(log, 'log', LOG1, LOG3, ROOT);
    rotate(log, 'log', LOG1, LOG2, ROOT2);
    const it = await served(log, parseVkey(vkeyOf(ROOT)));
    it.state.log = continuedLog(log, LOG2);
    const consumer = new Kept();
    expect((await catchUp(it.reader, consumer, it)).next).toBe(23n);
  });

  it('follows into a successor that a later root key named, and into the key that the successor has by then', async () => {
    const next = {
      origin: 'next.example/log',
      keys: [testSigner('next.example/log'), testSigner('next.example/log', '2')],
      root: testSigner('next-root'),
    };
    const [first, second] = next.keys as [Signer, Signer];
    const log = begun(20);
    rotate(log, 'root', ROOT, ROOT2);
    // The old root key has nothing to say any more.
    const elsewhere = {
      action: 'successor',
      origin: ORIGIN,
      vkey: vkeyOf(OTHER),
      rootVkey: vkeyOf(ROOT),
      url: 'http://elsewhere/',
    } as const;
    log.addStatement(makeControl({ ...elsewhere, size: Number(log.size), root: toHex(log.root()) }), ROOT);
    const [size, root] = [Number(log.size), toHex(log.root())];
    const successor = new InMemoryLog({ origin: next.origin, signer: first });
    for (let index = 0n; index < log.size; index++) successor.add(log.entry(index));
    const named = {
      action: 'successor',
      origin: ORIGIN,
      vkey: vkeyOf(first),
      rootVkey: vkeyOf(next.root),
      size,
      root,
      url: 'http://next/',
    } as const;
    const predecessor = { origin: ORIGIN, size, root };
    const genesis = { action: 'genesis', origin: next.origin, root: vkeyOf(next.root), admin: vkeyOf(ADMIN), predecessor } as const;
    successor.addStatement(makeControl({ ...genesis, admin: vkeyOf(testSigner('next-admin')) }), next.root);
    successor.addStatement(makeControl(named), ROOT2);
    const said = { action: 'rotate', origin: next.origin, key: 'log', old: vkeyOf(first), vkey: vkeyOf(second) } as const;
    successor.addStatement(makeControl(said), next.root, second);
    grow(successor, 40);
    log.addStatement(makeControl(named), ROOT2);
    const it = await served(log, parseVkey(vkeyOf(ROOT)));
    const there = await served(successor, parseVkey(vkeyOf(next.root)));
    there.state.log = continuedLog(successor, second);
    const kept = new Kept();
    const opened: string[] = [];
    const openSuccessor: CatchUpOptions['openSuccessor'] = ({ url }) => {
      opened.push(url);
      return there.open();
    };
    const position = await catchUp(it.reader, kept, { ...it, openSuccessor });
    expect(opened).toEqual([named.url]);
    expect(position).toMatchObject({ vkey: vkeyOf(first), next: 40n });
    expect(kept.entries.filter(({ origin }) => origin === ORIGIN).map(({ index }) => Number(index))).toEqual(upTo(size + 1));
    expect(kept.entries.filter(({ origin }) => origin === next.origin).map(({ index }) => Number(index))).toEqual(upTo(40, size));
    // Who begins with the successor knows which log sequenced what, too.
    const fresh = new Kept();
    await catchUp(await there.open(), fresh, there);
    expect(fresh.entries.map(({ origin }) => origin)).toEqual(upTo(40).map((index) => (index < size ? ORIGIN : next.origin)));
  });

  it('stops at a checkpoint that covers the rotation and has the old key alone, before anything of it is handled', async () => {
    const log = begun(300);
    const it = await followed(log);
    rotate(log, 'log', LOG1, LOG2);
    grow(log, 310);
    await expect(catchUp(await it.open(), it.consumer, it)).rejects.toMatchObject({ code: 'bad-checkpoint' });
    expect(it.consumer.indexes).toEqual(upTo(300));
  });

  it('refuses the old key once the rotation was read, but for a checkpoint from before', async () => {
    const log = begun(300);
    const it = await followed(log);
    const before = log.checkpoint();
    rotate(log, 'log', LOG1, LOG2);
    it.state.log = continuedLog(log, LOG2);
    await catchUp(it.reader, it.consumer, it);
    // A cache that lags.
    it.state.override = (path) => (path === 'checkpoint' ? before : undefined);
    expect((await catchUp(await it.open(), it.consumer, it)).next).toBe(301n);
    it.state.override = () => undefined;
    it.state.log = grow(log, 310);
    await expect(catchUp(await it.open(), it.consumer, it)).rejects.toMatchObject({ code: 'bad-checkpoint' });
    expect(it.consumer.indexes).toEqual(upTo(301));
  });

  it.each<[string, (log: InMemoryLog) => void]>([
    ['signed by another key than the root key', (log) => void rotate(log, 'log', LOG1, LOG2, ADMIN)],
    ['of a key that is not current', (log) => void rotate(log, 'log', LOG3, LOG2)],
    [
      'of another log',
      (log) => {
        const said = { action: 'rotate', origin: 'other.example/log', key: 'log', old: vkeyOf(OTHER), vkey: vkeyOf(OTHER2) } as const;
        log.addStatement(makeControl(said), ROOT, OTHER2);
      },
    ],
  ])('is not led away by a rotation %s', async (_which, change) => {
    const log = begun(300);
    const it = await followed(log);
    change(log);
    it.state.log = continuedLog(log, LOG2);
    await expect(catchUp(await it.open(), it.consumer, it)).rejects.toMatchObject({ code: 'bad-checkpoint' });
    it.state.log = log;
    expect((await catchUp(await it.open(), it.consumer, it)).next).toBe(301n);
  });

  it('reads again what says who speaks for the log, when the kept position does not', async () => {
    const log = begun(20);
    rotate(log, 'log', LOG1, LOG2);
    const it = await served(begun(1), parseVkey(vkeyOf(ROOT)));
    it.state.log = continuedLog(grow(log, 300), LOG2);
    const consumer = new Kept();
    await catchUp(it.reader, consumer, it);
    const { control, ...without } = consumer.kept!;
    expect(control).toContain('payload');
    consumer.kept = without;
    it.state.log = continuedLog(grow(log, 310), LOG2);
    expect((await catchUp(await it.open(), consumer, it)).next).toBe(310n);
    expect(consumer.indexes).toEqual(upTo(310));
    consumer.kept = { ...consumer.kept, control: `${consumer.kept.control} ` };
    await expect(catchUp(await it.open(), consumer, it)).rejects.toMatchObject({ code: 'unusable' });
  });
});
