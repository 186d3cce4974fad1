import { setImmediate } from 'node:timers/promises';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { IndexMapError, parseIndexPair, type PrefixProof } from '@verbatim/index-map';
import { ProblemError } from '@verbatim/service-kit';
import { fromHex } from '@verbatim/tlog';
import type { Context } from 'hono';
import type { Engine } from '../engine/engine.ts';
import { NOTHING_PUBLISHED } from './problems.ts';
import type { Services } from './services.ts';

/** Lookup keys of one request. */
export const MAX_LOOKUPS = 16;
/** What finding and proving one lookup key costs, whatever stands under it, counted in entries of the answer. */
const ENTRIES_A_LOOKUP = 8;

/**
 * The verifiable index (docs/spec/index-map.md §6): for each lookup key the indexes of all entries under it and the proof that they are all, at one
 * published checkpoint. The entries themselves, and the index root before the checkpoint's size, are in the tiles.
 */
export function indexRoutes(app: OpenAPIHono, { engine, indexEntries, indexLimit }: Services): void {
  app.get('/index', async (c) => {
    const lookups = parseLookups(c);
    indexLimit.take(c, lookups.length * ENTRIES_A_LOOKUP);
    const publication = engine.published.current;
    if (publication === null) throw new ProblemError(NOTHING_PUBLISHED);
    const answers = await engine.index.reading(publication.size, async () => {
      const found: Answer[] = [];
      let room = indexEntries;
      for (const lookup of lookups) {
        // Thousands of entries take milliseconds: others have their turn after each key.
        if (found.length > 0) await setImmediate();
        const next = answer(engine, lookup, publication.size, room);
        room -= next.entries.length;
        indexLimit.charge(c, next.entries.length);
        found.push(next);
      }
      return found;
    });
    return c.json({ checkpoint: publication.text, lookups: answers }, 200, { 'cache-control': 'no-cache' });
  });
}

interface Answer {
  readonly lookup: string;
  readonly entries: readonly number[];
  readonly proof: string;
}

function answer(engine: Engine, lookup: string, size: bigint, room: number): Answer {
  const { pairs, proof } = prove(engine, lookup, size, room);
  return { lookup, entries: pairs.map((pair) => Number(parseIndexPair(pair).index)), proof: Buffer.from(proof).toString('base64') };
}

/** 1 to 16 different `lookup` parameters, and no other. */
function parseLookups(c: Context): string[] {
  const { lookup: lookups = [], ...others } = c.req.queries();
  const wellFormed = lookups.every((text) => /^[0-9a-f]{64}$/.test(text));
  const [stranger] = Object.keys(others);
  if (
    lookups.length >= 1 &&
    lookups.length <= MAX_LOOKUPS &&
    wellFormed &&
    new Set(lookups).size === lookups.length &&
    stranger === undefined
  )
    return lookups;
  const found =
    stranger ?? lookups.find((text, i) => !/^[0-9a-f]{64}$/.test(text) || lookups.indexOf(text) !== i) ?? `${lookups.length} of them`;
  throw new ProblemError({
    status: 400,
    code: 'bad-lookup',
    title: 'Not a look-up',
    detail: `Expected 1 to ${MAX_LOOKUPS} different parameters ?lookup= of 64 lower-case hex digits, and no other; found ${JSON.stringify(found.slice(0, 80))}.`,
  });
}

/** @param room entries that the answer may still take */
function prove({ index }: Engine, lookup: string, size: bigint, room: number): PrefixProof {
  try {
    const found = index.prove(fromHex(lookup), size, room);
    // The checkpoint of a log that had no index yet: the next one has.
    if (found === null) throw new ProblemError(NOTHING_PUBLISHED);
    return found;
  } catch (error) {
    if (!(error instanceof IndexMapError) || error.code !== 'too-many-pairs') throw error;
    throw new ProblemError({
      status: 422,
      code: 'too-many-entries',
      title: 'Too many entries',
      detail: `Expected fewer entries in one answer; those under ${lookup} are too many. Ask for fewer keys, or follow the log: read its tiles.`,
    });
  }
}
