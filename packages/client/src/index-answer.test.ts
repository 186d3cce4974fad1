import { Scene } from '@verbatim/testkit';
import { describe, expect, it } from 'vitest';
import { earlier, FILE, gatherOver, isIndex, judge, LAST, readerOf, scene } from './_gathering.ts';
import { codeOf, json, logHandler, serve, temporaryFolder } from './_support.ts';
import { CheckpointMemory } from './checkpoint-memory.ts';
import type { Gathered } from './collect.ts';
import { type Ask, gatherEvidence } from './gather.ts';

describe('an index', () => {
  type Answer = { checkpoint: unknown; lookups: { lookup: unknown; entries: unknown; proof: unknown }[] };
  const honest = (path: string): Answer => JSON.parse(scene.log.answerIndex(path.slice('index?'.length))) as Answer;
  /** The honest answer after `change`. */
  const answering = (change: (answer: Answer) => unknown, ask?: Ask): Promise<Gathered> =>
    gatherOver((path) => {
      if (!isIndex(path)) return undefined;
      const answer = honest(path);
      return json(change(answer) ?? answer);
    }, ask);
  /** Of the file's key, which is asked second. */
  const entries = (value: unknown): Promise<Gathered> => answering((answer) => void (answer.lookups[1]!.entries = value));

  it('that names entries about something else is not believed: they are left out and reported', async () => {
    const gathered = await entries([1, 2, 5, 6, 7, 8, 9, 300]);
    expect(gathered.foreign).toEqual([1n, 2n, 8n, 9n, 300n]);
    expect(gathered.evidence.entries.map(({ index }) => index)).toEqual([0n, 5n, 6n, 7n, LAST]);
    // What is shown is all, so the proof verifies.
    expect(judge(gathered).verdict).toBe('reproduced');
    expect(judge(await entries([8, 9, 10])).verdict).toBe('unavailable');
  });

  it('that hides entries could not be checked', async () => {
    for (const shown of [[5, 6], [], [5], [6, 7]]) expect(judge(await entries(shown)).verdict).toBe('unavailable');
    const hidden = await answering((answer) => void (answer.lookups[0]!.entries = []));
    expect(judge(hidden).verdict).toBe('unavailable');
  });

  it('that answers with the proofs of another key could not be checked', async () => {
    const swapped = await answering(
      ({ lookups }) => void ([lookups[0]!.proof, lookups[1]!.proof] = [lookups[1]!.proof, lookups[0]!.proof]),
    );
    expect(judge(swapped).verdict).toBe('unavailable');
  });

  it('that is about an older state than this machine has seen is asked again, and then left', async () => {
    const memory = new CheckpointMemory(await temporaryFolder());
    const server = await serve(logHandler(scene.log));
    await gatherEvidence(await readerOf(server.url, memory), { digest: FILE });
    let asked = 0;
    const lagging = await serve(
      logHandler(scene.log, (path) => {
        if (!isIndex(path)) return undefined;
        asked += 1;
        return asked < 3 ? earlier(path) : undefined;
      }),
    );
    expect(judge(await gatherEvidence(await readerOf(lagging.url, memory), { digest: FILE })).verdict).toBe('reproduced');
    expect(asked).toBe(3);
    const stuck = await serve(logHandler(scene.log, (path) => (isIndex(path) ? earlier(path) : undefined)));
    expect(await codeOf(gatherEvidence(await readerOf(stuck.url, memory), { digest: FILE }))).toBe('bad-lookup');
  });

  it.each<[what: string, change: (answer: Answer) => unknown, code: string]>([
    ['names its own root', (answer) => void (answer.lookups[1]!.entries = [Number(LAST)]), 'bad-lookup'],
    ['names entries that are not published', (answer) => void (answer.lookups[1]!.entries = [0, 999_999]), 'bad-lookup'],
    [
      'names more entries than we read',
      (answer) => void (answer.lookups[1]!.entries = Array.from({ length: 4097 }, (_, i) => i)),
      'malformed',
    ],
    ['names an entry twice', (answer) => void (answer.lookups[1]!.entries = [5, 5]), 'malformed'],
    ['names entries in another order', (answer) => void (answer.lookups[1]!.entries = [6, 5]), 'malformed'],
    ['has a negative index', (answer) => void (answer.lookups[1]!.entries = [-1]), 'malformed'],
    ['has an index as text', (answer) => void (answer.lookups[1]!.entries = ['5']), 'malformed'],
    ['has an index of a half', (answer) => void (answer.lookups[1]!.entries = [0.5]), 'malformed'],
    ['has no entries', (answer) => void (answer.lookups[1]!.entries = null), 'malformed'],
    ['has no proof', (answer) => void (answer.lookups[1]!.proof = null), 'malformed'],
    ['has a proof in another spelling', (answer) => void (answer.lookups[1]!.proof = ' '), 'malformed'],
    ['has a proof without end', (answer) => void (answer.lookups[1]!.proof = 'AAAA'.repeat(5462)), 'malformed'],
    ['leaves a key out', (answer) => void answer.lookups.pop(), 'malformed'],
    ['answers one key twice', (answer) => void (answer.lookups[1] = answer.lookups[0]!), 'malformed'],
    ['has no lookups', () => ({ checkpoint: 'x' }), 'malformed'],
    ['has no checkpoint', (answer) => ({ lookups: answer.lookups }), 'malformed'],
    ['has a checkpoint that is none', (answer) => ({ ...answer, checkpoint: 'x' }), 'malformed'],
    [
      'has the checkpoint of another log',
      (answer) => ({ ...answer, checkpoint: new TextDecoder().decode(new Scene({ origin: 'other.example/log' }).log.checkpoint()) }),
      'bad-checkpoint',
    ],
    ['is a list', () => [], 'malformed'],
    ['is null', () => 'null', 'malformed'],
  ])('that %s is treated as such', async (_what, change, code) => {
    expect(await codeOf(answering(change))).toBe(code);
  });

  it.each([
    ['is no JSON', Buffer.from('<html>'), 'malformed'],
    ['is huge', Buffer.alloc(1_100_000, ' '), 'too-large'],
  ])('that %s could not be checked', async (_what, bytes, code) => {
    expect(await codeOf(gatherOver((path) => (isIndex(path) ? bytes : undefined)))).toBe(code);
  });

  it('that refuses, because there is too much under a key, could not be checked', async () => {
    const server = await serve((path, request, response) => {
      if (isIndex(path)) response.writeHead(422).end();
      else logHandler(scene.log)(path, request, response);
    });
    expect(await codeOf(gatherEvidence(await readerOf(server.url), { digest: FILE }))).toBe('bad-status');
  });
});
