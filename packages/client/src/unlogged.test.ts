import { signStatement } from '@verbatim/statements';
import { Scene, anObservation } from '@verbatim/testkit';
import { utf8Decode } from '@verbatim/tlog';
import { describe, expect, it } from 'vitest';
import { json, serve } from './_support.ts';
import { askRebuilders } from './unlogged.ts';

const scene = new Scene();
const [rebuilder] = scene.rebuilders;
const about = { origin: scene.log.origin, release: scene.release, index: 5, leafHash: scene.log.leafHash(5n), rebuilder: rebuilder! };
const entry = signStatement(anObservation(about, { result: 'differ' }), [rebuilder!]);
const said = { entry: utf8Decode(entry), since: '2026-01-01T00:00:00Z', trouble: 'unknown-key' };

async function asked(bodies: Readonly<Record<string, unknown>>, status = 200): Promise<Awaited<ReturnType<typeof askRebuilders>>[number]> {
  const server = await serve((path, _request, response) => void response.writeHead(status).end(json(bodies[path] ?? bodies['*'] ?? {})));
  const [answer] = await askRebuilders(
    [
      { name: 'acme-1', url: server.url },
      { name: 'silent', url: null },
    ],
    [5n],
  );
  return answer!;
}

describe('asking rebuilders', () => {
  it('gives the entries that they serve, over all pages', async () => {
    const answer = await asked({
      'observations/unlogged?release=5&after=0': { observations: [said], next: 9 },
      'observations/unlogged?release=5&after=9': { observations: [said], next: null },
    });
    expect(answer).toEqual({ rebuilder: 'acme-1', entries: [entry, entry], trouble: null });
  });

  it.each([
    ['no list', { observations: 'x' }],
    ['an entry that is no text', { observations: [{ entry: 5 }] }],
    ['an entry that is too long', { observations: [{ entry: 'x'.repeat(20_000) }] }],
    ['a text that is not Unicode', { observations: [{ entry: '\ud800' }] }],
    ['pages that go in circles', { observations: [said], next: 0 }],
    ['a page number that is none', { observations: [], next: 'x' }],
  ])('says so when the answer is %s', async (_what, body) => {
    expect((await asked({ '*': body })).trouble).toMatch(/expected|move on/);
  });

  it('says so when there are pages without end', async () => {
    let after = 0;
    const server = await serve((_path, _request, response) => void response.end(json({ observations: [said], next: ++after })));
    const [answer] = await askRebuilders([{ name: 'acme-1', url: server.url }], [5n]);
    expect(answer).toMatchObject({ trouble: expect.stringContaining('at most 8 answers') as string });
    expect(answer!.entries).toHaveLength(8);
  });

  it('asks about a few releases only, and says so', async () => {
    const server = await serve((_path, _request, response) => void response.end(json({ observations: [said], next: null })));
    const releases = Array.from({ length: 9 }, (_, i) => BigInt(i));
    const [answer] = await askRebuilders([{ name: 'acme-1', url: server.url }], releases);
    expect(answer!.entries).toHaveLength(8);
    expect(answer!.trouble).toBe('asked about the first 8 of 9 releases only');
  });

  it('says so when there is no answer', async () => {
    expect((await asked({}, 500)).trouble).toContain('found 500');
    const [gone] = await askRebuilders([{ name: 'acme-1', url: 'http://127.0.0.1:9/' }], [5n]);
    expect(gone).toMatchObject({ entries: [], trouble: expect.stringContaining('127.0.0.1:9') as string });
  });
});
