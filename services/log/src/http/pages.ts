import type { OpenAPIHono } from '@hono/zod-openapi';
import { ProblemError } from '@verbatim/service-kit';
import { decodeEntry, PREDICATE } from '@verbatim/statements';
import { toHex, utf8Decode } from '@verbatim/tlog';
import type { Context } from 'hono';
import { officeOf } from '../admission/control-state.ts';
import { entryPage, titleOf } from '../pages/entry-page.ts';
import { releaseFeed } from '../pages/feed.ts';
import { ICON, ICON_PATH } from '../pages/icon.ts';
import { lifeAt, type LogLife } from '../pages/life.ts';
import { layout, type Markup, type Page, PAGE_HEADERS } from '../pages/layout.ts';
import { buildMatrix, type Matrix } from '../pages/matrix-model.ts';
import { releasePage } from '../pages/release-page.ts';
import { releasesPage } from '../pages/releases-page.ts';
import { statusPage } from '../pages/status-page.ts';
import { STYLE, STYLE_PATH } from '../pages/style.ts';
import type { StoredEntry } from '../store/entries.ts';
import type { ReleaseListing } from '../store/pages.ts';
import { publishedIndex } from './entries.ts';
import { parseIndex } from './index-param.ts';
import { noSuchEntry } from './problems.ts';
import type { Services } from './services.ts';

const RELEASES_PER_PAGE = 30;
const FOREVER = 'public, max-age=31536000, immutable';

/** Pages for people and the feed; the raw entry shares its path with the entry's page. */
export function pageRoutes(app: OpenAPIHono, services: Services): void {
  const { engine, pages, title, cosigners } = services;

  const render = async (c: Context, page: Page): Promise<Response> => {
    const frame = {
      siteTitle: title,
      origin: engine.identity.origin,
      size: engine.published.size,
      life: lifeOf(services),
      cosigners: cosigners(),
    };
    return c.body(await text(layout(frame, page)), 200, PAGE_HEADERS);
  };

  app.get('/', (c) => {
    const query = (c.req.query('q') ?? '').slice(0, 512);
    const size = engine.published.size;
    const before = parseIndex(c.req.query('before') ?? String(size), 'before');
    const found = findReleases(services, query, before < size ? before : size);
    const releases = found.slice(0, RELEASES_PER_PAGE).map((release) => ({ release, summary: matrixOf(services, release).summary }));
    const last = found.length > RELEASES_PER_PAGE ? releases.at(-1) : undefined;
    const older =
      last === undefined
        ? null
        : `/?${new URLSearchParams({ ...(query !== '' && { q: query }), before: String(last.release.index) }).toString()}`;
    return render(c, { title: 'Releases', body: releasesPage({ releases, query, older }) });
  });

  app.get('/status', (c) => {
    const publication = engine.published.current;
    const publishedAt = publication === null ? null : Math.floor(publication.at / 1000);
    return render(c, {
      title: 'Status',
      body: statusPage({ size: engine.published.size, publishedAt, life: lifeOf(services), cosigners: cosigners() }),
    });
  });

  app.get('/releases/:index', (c) => {
    const { release, entry } = publishedRelease(c, services);
    const { statement } = decodeEntry(entry.entry);
    if (statement.predicateType !== PREDICATE.release)
      throw new Error(`expected a release at entry ${release.index}; found ${statement.predicateType}`);
    const signers = decodeEntry(entry.entry).envelope.signatures.map(({ keyid }) => engine.ledger.roster.keys(keyid)[0]);
    const claimants = signers.filter((key) => key !== undefined);
    return render(c, {
      title: release.purl,
      body: releasePage({ release, statement, matrix: matrixOf(services, release), claimants }),
      feed: `/releases/${release.index}/feed.atom`,
    });
  });

  app.get('/releases/:index/feed.atom', async (c) => {
    const { release } = publishedRelease(c, services);
    const { origin, created } = engine.identity;
    const observations = pages.observations(release.index, engine.published.size);
    const rebuilder = (keyid: string) => engine.ledger.roster.keys(keyid)[0];
    const feed = await text(releaseFeed({ origin, created, release, observations, rebuilder }));
    return c.body(feed, 200, {
      'content-type': 'application/atom+xml; charset=utf-8',
      'cache-control': 'public, max-age=60',
      'x-content-type-options': 'nosniff',
    });
  });

  app.get('/entries/:index', async (c) => {
    const { index } = publishedIndex(c, services);
    const stored = engine.entries.get(index);
    if (stored === null) throw new Error(`expected entry ${index} in the database; it is missing`);
    if (prefersHtml(c.req.header('accept'))) return entryHtml(c, services, stored, render);
    return c.body(new Uint8Array(stored.entry), 200, {
      'content-type': 'application/json',
      'cache-control': FOREVER,
      vary: 'Accept',
      'x-content-type-options': 'nosniff',
    });
  });

  app.get(STYLE_PATH, (c) =>
    c.body(STYLE, 200, { 'content-type': 'text/css; charset=utf-8', 'cache-control': FOREVER, 'x-content-type-options': 'nosniff' }),
  );
  app.get(ICON_PATH, (c) =>
    c.body(ICON, 200, {
      'content-type': 'image/svg+xml',
      'cache-control': 'public, max-age=86400',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    }),
  );
}

function lifeOf({ engine: { ledger, published } }: Services): LogLife {
  return lifeAt(published.size, ledger.control.state, (index) => ledger.control.said(index));
}

function entryHtml(
  c: Context,
  services: Services,
  stored: StoredEntry,
  render: (c: Context, page: Page) => Promise<Response>,
): Promise<Response> {
  const { engine } = services;
  const { envelope, statement } = decodeEntry(stored.entry);
  const signers = envelope.signatures.map(({ keyid }) => ({ keyid, name: nameOf(engine, keyid) }));
  const { vkey: logVkey, since: logKeySince } = lifeOf(services).keys.log.at(-1)!;
  return render(c, {
    title: `Entry ${stored.index}: ${titleOf(statement)}`,
    body: entryPage({
      index: stored.index,
      size: engine.published.size,
      leafHash: toHex(stored.leafHash),
      loggedAt: stored.loggedAt,
      envelope,
      statement,
      raw: utf8Decode(stored.entry),
      signers,
      logVkey,
      logKeySince,
      base: baseOf(c, engine.identity.origin),
    }),
  });
}

function nameOf(engine: Services['engine'], keyid: string): string | null {
  const office = officeOf(engine.ledger.control.state, keyid);
  if (office !== null) return `the log’s ${office === 'log key' ? 'own key' : office}`;
  const key = engine.ledger.roster.keys(keyid)[0];
  return key === undefined ? null : `${key.operator} (${key.name})`;
}

function findReleases({ pages }: Services, query: string, before: bigint): ReleaseListing[] {
  const limit = RELEASES_PER_PAGE + 1;
  if (query === '') return pages.releases(before, limit);
  const digest = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(query)?.[1];
  return digest === undefined ? pages.releasesByPurl(query, before, limit) : pages.releasesByDigest(digest.toLowerCase(), before, limit);
}

function matrixOf({ engine, pages }: Services, release: ReleaseListing): Matrix {
  const size = engine.published.size;
  return buildMatrix(
    pages.artifacts(release.index),
    pages.observations(release.index, size),
    engine.ledger.roster.withRole('rebuilder'),
    size,
  );
}

function publishedRelease(c: Context, services: Services): { readonly release: ReleaseListing; readonly entry: StoredEntry } {
  const { index, publication } = publishedIndex(c, services);
  const release = services.pages.release(index);
  const entry = services.engine.entries.get(index);
  if (release !== null && entry !== null) return { release, entry };
  const { detail } = noSuchEntry(index, publication.size);
  throw new ProblemError({
    status: 404,
    code: 'not-a-release',
    title: 'No such release',
    detail: entry === null ? detail : `Expected the index of a release; entry ${index} is of another kind. See /entries/${index}.`,
  });
}

/** Programs get bytes unless they ask for HTML by name: a wildcard is not enough. */
function prefersHtml(accept: string | undefined): boolean {
  return (accept ?? '').split(',').some((part) => /^\s*text\/html\s*(?:;|$)/i.test(part));
}

/** Address for the commands on a page: what the browser asked for, if it looks like a host, else the origin. */
function baseOf(c: Context, origin: string): string {
  const host = c.req.header('host') ?? '';
  return /^[a-z0-9.-]+(?::[0-9]{1,5})?$|^\[[0-9a-f:]+\](?::[0-9]{1,5})?$/i.test(host)
    ? `${new URL(c.req.url).protocol}//${host}`
    : `https://${origin}`;
}

async function text(markup: Markup): Promise<string> {
  return String(await markup);
}
