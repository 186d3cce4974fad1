import { anArtifact, anEnrolment, anObservation, aRelease, aRevocation, testSigner } from '@verbatim/testkit';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ORIGIN, REGISTRAR, startLog, type TestLog, type TestScene } from '../_log.ts';
import { tagUri } from '../pages/feed.ts';

let log: TestLog;
let scene: TestScene;
let observation: number;
const acme = testSigner('acme-1');
/** An operator's name that would be markup in HTML and XML. */
const NASTY = `<script>alert("1")</script> & 'sons'`;

beforeAll(async () => {
  log = await startLog({ toml: `title = "Test <log>"\n` });
  scene = await log.scene([acme]);
  const nasty = testSigner('nasty');
  await log.log(anEnrolment(nasty, { operator: NASTY }), log.admin);
  const about = { origin: ORIGIN, release: scene.release, index: scene.index, leafHash: scene.leafHash };
  observation = (
    await log.log(anObservation({ ...about, rebuilder: nasty }, { result: 'differ', observed: { sha256: 'ee'.repeat(32) } }), nasty)
  ).index;
  await log.log(anObservation({ ...about, rebuilder: acme }, { result: 'build-failed', reason: 'compiler-error', observed: null }), acme);
  await log.log(anObservation({ ...about, rebuilder: acme }, { attempt: 2 }), acme);
  await log.log(aRevocation(nasty), log.admin);
  for (let i = 0; i < 35; i++)
    await log.log(aRelease({ purl: `pkg:npm/filler@1.0.${i}`, artifacts: [anArtifact({ name: `filler-${i}/bin` })] }), REGISTRAR);
});

afterAll(async () => {
  await log?.[Symbol.asyncDispose]();
});

const HTML = { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } };

async function page(path: string): Promise<string> {
  const response = await log.fetch(path, HTML);
  expect(response.status).toBe(200);
  const csp = response.headers.get('content-security-policy') ?? '';
  expect(csp).toContain("default-src 'none'");
  expect(csp).not.toContain('unsafe');
  expect(csp).not.toContain('script-src');
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  const text = await response.text();
  // Whatever somebody put into the log: no script, no handler, no style attribute, every angle bracket ours.
  expect(text).not.toMatch(/<script|\son[a-z]+=|\sstyle=|javascript:/i);
  expect(text).toContain('<html lang="en">');
  expect(text).toContain('Test &lt;log&gt;');
  return text;
}

test('the list shows releases with their state, newest first, thirty to a page', async () => {
  const first = await page('/');
  expect(first.match(/<th scope="row"/g)).toHaveLength(30);
  expect(first.indexOf('filler@1.0.34')).toBeLessThan(first.indexOf('filler@1.0.33'));
  const older = /href="(\/\?before=[0-9]+)"/.exec(first)![1]!;
  const second = await page(older);
  expect(second).toContain('pkg:npm/esbuild@0.25.0');
  expect(second).toContain('differs');
  expect(second).not.toContain('Older releases');
});

test('a release is found by the beginning of its purl and by a digest', async () => {
  expect(await page('/?q=pkg:npm/esb')).toContain(`/releases/${scene.index}"`);
  expect(await page(`/?q=sha256:${scene.release.subject[0]!.digest.sha256}`)).toContain(`/releases/${scene.index}"`);
  expect(await page('/?q=%22%3E%3Cscript%3E')).toContain('No release here');
  expect(await page('/?q=%25')).toContain('No release here');
});

test('the matrix says in words what each rebuilder saw, and links to its entries', async () => {
  const text = await page(`/releases/${scene.index}`);
  expect(text).toMatch(new RegExp(`<a class="tone bad" href="/entries/${observation}"><span aria-hidden="true">≠</span>differs</a>`));
  expect(text).toMatch(/<span aria-hidden="true">✓<\/span>reproduced/);
  expect(text).toContain('attempt 1</a>: build failed');
  expect(text).toContain('attempt 2</a>: reproduced');
  expect(text).toContain('key revoked');
  expect(text).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp;');
  expect(text).toContain(`application/atom+xml`);
});

test('an entry is shown decoded, raw and with the commands that prove it', async () => {
  const text = await page(`/entries/${observation}`);
  expect(text).toContain('observation');
  expect(text).toContain(`${log.url}/entries/${observation}/proof`);
  expect(text).toContain(log.keys.logVkey);
  expect(text).toContain('&quot;predicateType&quot;: &quot;urn:verbatim:observation:v1&quot;');
  for (const index of [0, 1, scene.index, 4]) await page(`/entries/${index}`);
});

test('a program that accepts anything gets the bytes, not the page', async () => {
  for (const accept of ['*/*', 'application/json', 'application/json, text/plain, */*']) {
    const response = await log.fetch('/entries/0', { headers: { accept } });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('vary')).toContain('Accept');
  }
});

test('a forged Host header does not get into a page', async () => {
  const { body } = await request(`${log.url}/entries/0`, { headers: { accept: 'text/html', host: '"><script>x</script>' } });
  const text = await body.text();
  expect(text).not.toContain('<script');
});

test('the feed is well-formed, escaped, and its ids never change', async () => {
  const feed = async (): Promise<string> => {
    const response = await log.fetch(`/releases/${scene.index}/feed.atom`);
    expect(response.headers.get('content-type')).toBe('application/atom+xml; charset=utf-8');
    return response.text();
  };
  const text = await feed();
  expect(text.startsWith('<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">')).toBe(true);
  const ids = [...text.matchAll(/<id>([^<]*)<\/id>/g)].map((match) => match[1]!);
  expect(ids).toHaveLength(4);
  expect(new Set(ids).size).toBe(4);
  for (const id of ids)
    expect(id).toMatch(/^tag:log\.example\.org,[0-9]{4}-[0-9]{2}-[0-9]{2}:log\.example\.org\/test\/(entries|releases)\/[0-9]+$/);
  expect(text).toContain('&lt;script&gt;');
  expect(tagsBalance(text)).toBe(true);
  expect([...(await feed()).matchAll(/<id>([^<]*)<\/id>/g)].map((match) => match[1])).toEqual(ids);
});

/** Every element of the feed is closed in order, and no character stands raw that XML reserves. */
function tagsBalance(xml: string): boolean {
  const open: string[] = [];
  const body = xml.slice(xml.indexOf('?>') + 2);
  for (const [, closing, name, selfClosing] of body.matchAll(/<(\/?)([a-z]+)(?:\s[^<>]*?)?(\/?)>/gi)) {
    if (closing === '/') {
      if (open.pop() !== name) return false;
    } else if (selfClosing !== '/') open.push(name!);
  }
  return open.length === 0 && !/&(?!(?:amp|lt|gt|quot|#39);)/.test(body);
}

test('tag URIs are built from the origin’s host', () => {
  expect(tagUri('Log.Example.org:8080/x y', '2026-01-02', 'entries/1')).toBe(
    'tag:log.example.org,2026-01-02:Log.Example.org:8080/x%20y/entries/1',
  );
  expect(tagUri('127.0.0.1:80', '2026-01-02', 'entries/1')).toBe('tag:127.0.0.1,2026-01-02:127.0.0.1:80/entries/1');
});

test.each(['/releases/0', '/releases/99999', '/releases/0/feed.atom'])('%s is a 404 problem', async (path) => {
  expect((await log.json(path)).status).toBe(404);
});

test('style sheet and icon are served with their types and for good', async () => {
  const path = /href="(\/assets\/style-[0-9a-f]{16}\.css)"/.exec(await page('/'))![1]!;
  const style = await log.fetch(path);
  expect(style.headers.get('content-type')).toBe('text/css; charset=utf-8');
  expect(style.headers.get('cache-control')).toContain('immutable');
  expect((await log.fetch('/assets/icon.svg')).headers.get('content-type')).toBe('image/svg+xml');
});

test('the largest release and the longest names still make a page', async () => {
  const artifacts = Array.from({ length: 8 }, (_, i) => anArtifact({ name: `${'long-name-'.repeat(8)}${i}/bin/esbuild` }));
  const { index } = await log.log(aRelease({ purl: 'pkg:npm/large@1.0.0', artifacts }), REGISTRAR);
  expect((await page(`/releases/${index}`)).match(/<th scope="row">/g)).toHaveLength(8);
});
