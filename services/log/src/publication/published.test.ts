import { expect, test } from 'vitest';
import { type Publication, Published } from './published.ts';

const publication = (size: bigint): Publication => ({ size, bytes: new Uint8Array(), text: '', note: { text: '', signatures: [] }, at: 0 });

test('who waits for an entry is woken by the first publication that covers it', async () => {
  const published = new Published();
  const [early, late] = [published.wait(0n, 5000), published.wait(5n, 5000)];
  published.set(publication(3n));
  expect((await early)?.size).toBe(3n);
  expect(published.waiting).toBe(1);
  published.set(publication(6n));
  expect((await late)?.size).toBe(6n);
  expect(published.waiting).toBe(0);
});

test('what is published already needs no waiting', async () => {
  const published = new Published();
  published.set(publication(3n));
  expect((await published.wait(2n, 1))?.size).toBe(3n);
});

test('who waits too long gets null, also with many others', async () => {
  const published = new Published();
  const started = performance.now();
  const waits = [published.wait(1n, 60), ...Array.from({ length: 100 }, () => published.wait(2n, 60))];
  expect(await Promise.all(waits)).toEqual(Array.from({ length: 101 }, () => null));
  expect(performance.now() - started).toBeGreaterThanOrEqual(55);
  expect(published.waiting).toBe(0);
});

test('a stopped log answers nobody', async () => {
  const published = new Published();
  published.set(publication(3n));
  const waiting = published.wait(9n, 5000);
  published.stop(new Error('disk'));
  await expect(waiting).rejects.toMatchObject({ code: 'log-stopped' });
  await expect(published.wait(0n, 1)).rejects.toMatchObject({ code: 'log-stopped' });
});
