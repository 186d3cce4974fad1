import { createLogger } from '@verbatim/service-kit';
import { utf8Encode } from '@verbatim/tlog';
import { expect, test } from 'vitest';
import { openStore, releaseAt } from './store/_open.ts';
import { unloggedApp } from './unlogged.ts';

interface Page {
  readonly observations: readonly { readonly entry: string; readonly since: string; readonly trouble: string | null }[];
  readonly next: number | null;
}

/** A store with observations of these artifacts of release 1, the first one acknowledged, and what it serves. */
function served(artifacts: readonly string[]): (query: string) => Promise<{ status: number; headers: Headers; body: Page }> {
  const { queue, outbox } = openStore();
  queue.enqueue(releaseAt(1n), artifacts, 0);
  for (const artifact of artifacts) {
    const lease = queue.lease(0, 60_000)!;
    outbox.record(lease, { result: 'differ', reason: null, entry: utf8Encode(`{"about":"${artifact}"}`), evidence: [] }, 1_700_000_000_000);
  }
  outbox.acknowledge(outbox.next(2_000_000_000_000)!.id, 7n, 'proof', 1);
  const app = unloggedApp(outbox, createLogger({ name: 'test', level: 'silent' }));
  return async (query) => {
    const response = await app.request(`/observations/unlogged${query}`);
    return { status: response.status, headers: response.headers, body: (await response.json()) as Page };
  };
}

test('what the log has not acknowledged is served as it was signed, and nothing else', async () => {
  const get = served(['a', 'b']);
  const { status, headers, body } = await get('?release=1');
  expect(status).toBe(200);
  expect(body).toEqual({ observations: [{ entry: '{"about":"b"}', since: '2023-11-14T22:13:20Z', trouble: null }], next: null });
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('content-security-policy')).toContain('sandbox');
  expect(headers.get('content-disposition')).toContain('attachment');
  expect((await get('?release=2')).body.observations).toEqual([]);
});

test('long lists come in pages', async () => {
  const get = served(Array.from({ length: 100 }, (_, i) => `a${i}`));
  const entries: string[] = [];
  let [pages, next] = [0, 0 as number | null];
  while (next !== null) {
    const { body }: { body: Page } = await get(`?release=1&after=${next}`);
    entries.push(...body.observations.map(({ entry }) => entry));
    next = body.next;
    pages += 1;
  }
  expect(new Set(entries).size).toBe(99);
  expect(pages).toBe(4);
});

test.each(['', '?release=', '?release=-1', '?release=01', '?release=9007199254740992', '?release=1&after=x'])(
  'a request with %s is refused',
  async (query) => {
    expect((await served(['a', 'b'])(query)).status).toBe(400);
  },
);
