import { notFound, onError, problem, type Logger } from '@verbatim/service-kit';
import { utf8Decode } from '@verbatim/tlog';
import { Hono } from 'hono';
import type { Outbox } from './store/outbox.ts';

/** Observations in one answer: at most 512 KiB of entries. */
const PAGE = 32;

/** Whatever is in the statements, a browser must neither guess a type nor run it; and any page may read them. */
const OPAQUE = {
  'access-control-allow-origin': '*',
  'cache-control': 'no-store',
  'content-disposition': 'attachment; filename="observations.json"',
  'content-security-policy': "sandbox; default-src 'none'",
  'x-content-type-options': 'nosniff',
};

/**
 * What this node signed and the log has not taken, for everybody: a log that refuses a dissent cannot keep it from those who ask the
 * rebuilder (DESIGN §3.5). `GET /observations/unlogged?release=INDEX[&after=ID]` → `{"observations": [{"entry", "since", "trouble"}],
 * "next": ID|null}`; `entry` is the envelope as it was offered to the log, which anybody can check against this node's key.
 */
export function unloggedApp(outbox: Pick<Outbox, 'unlogged'>, logger: Logger): Hono {
  const app = new Hono();
  app.onError(onError(logger));
  app.notFound(notFound);
  app.get('/observations/unlogged', (c) => {
    const release = wholeNumber(c.req.query('release'));
    const after = wholeNumber(c.req.query('after') ?? '0');
    if (release === null || after === null) {
      return problem(c, {
        status: 400,
        code: 'bad-number',
        title: 'Not a number',
        detail: 'Expected ?release= with the index of a release entry, and after= as an earlier answer gave it, both as whole numbers.',
        headers: OPAQUE,
      });
    }
    const found = outbox.unlogged(BigInt(release), after, PAGE + 1);
    const page = found.slice(0, PAGE);
    const observations = page.map(({ entry, recordedAt, trouble }) => ({
      entry: utf8Decode(entry),
      since: `${new Date(recordedAt).toISOString().slice(0, 19)}Z`,
      trouble,
    }));
    return c.json({ observations, next: found.length > PAGE ? page.at(-1)!.id : null }, 200, OPAQUE);
  });
  return app;
}

/** Below 2^53; null for anything else. */
function wholeNumber(text: string | undefined): number | null {
  if (text === undefined || !/^(0|[1-9][0-9]{0,15})$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}
