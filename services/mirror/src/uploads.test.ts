/** Uploads that meet, stall, or are too many. */
import { expect, test } from 'vitest';
import { TestLog } from './_log.ts';
import { prepareMirror, startTestMirror } from './_mirror.ts';

const log = new TestLog();

async function setUp({ pending, more = '' }: { pending: number; more?: string }) {
  const prepared = await prepareMirror([log], more);
  const mirror = await startTestMirror(prepared);
  expect((await mirror.addCheckpoint(log.request(0, pending))).status).toBe(200);
  return { mirror, vkey: prepared.vkeys[0]! };
}

test('many uploads at once, whole and in part: one tree, one cosigned size', async () => {
  const { mirror, vkey } = await setUp({ pending: 1200 });
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, i) => mirror.addEntries(log.upload(0, 1200, i % 3 === 0 ? {} : { count: i % 4 }))),
  );
  expect(answers.map(({ status }) => status).filter((status) => ![200, 202, 400].includes(status))).toEqual([]);
  expect(await mirror.size(log.origin, log.vkey, vkey)).toBe(1200);
  for (const [path, bytes] of log.files) {
    if (path.includes('.p/')) continue;
    expect(new Uint8Array(await (await mirror.read(log.origin, path)).arrayBuffer()), path).toEqual(bytes);
  }
});

test('uploads that stall hold up nobody, and end at the deadline with what they brought', async () => {
  const { mirror } = await setUp({ pending: 1000, more: 'upload_seconds = 1\n' });
  const stall = (parts: Uint8Array[]) =>
    mirror.addEntries(new ReadableStream<Uint8Array>({ start: (controller) => parts.forEach((part) => controller.enqueue(part)) }));
  const [first] = log.packages(0, 1000);
  const stalled = [stall([log.header(0, 1000), first!]), stall([log.header(0, 1000), first!.subarray(0, 99)])];
  expect((await mirror.addEntries(log.upload(0, 1000))).status).toBe(200);
  const [whole, cut] = await Promise.all(stalled);
  expect([whole!.status, cut!.status]).toEqual([202, 400]);
});

test('no more uploads at a time than configured', async () => {
  const { mirror } = await setUp({ pending: 1000, more: 'upload_seconds = 1\nmax_uploads = 1\n' });
  const hanging = mirror.addEntries(new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(log.header(0, 1000)) }));
  let busy = await mirror.addEntries(log.upload(0, 1000));
  // Whichever of the two came first keeps the place.
  if (busy.status === 200) busy = await hanging;
  expect(busy).toMatchObject({ status: 503, body: expect.stringContaining('"too-many-uploads"') });
  await hanging;
});
