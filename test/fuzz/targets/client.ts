/** What a log serves to clients, and what a client finds in a file. */
import {
  catchUp,
  ClientError,
  type FollowBatch,
  type FollowPosition,
  LogReader,
  readHistory,
  readMembers,
  type Source,
} from '@verbatim/client';
import { InMemoryLog, ROOT, Scene } from '@verbatim/testkit';
import { lookupKey } from '@verbatim/index-map';
import { bytesEqual, parseVkey, toHex, utf8Encode } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { askIndex } from '../../../packages/client/src/index-answer.ts';
import { readProblem } from '../../../packages/client/src/problem.ts';
import { retryAfterMs } from '../../../packages/client/src/retry.ts';
import { parseUnlogged } from '../../../packages/client/src/unlogged.ts';
import { files, tarOf, zipOf } from '../archives.ts';
import { must, refusesLaterWith, refusesWith, type Target } from '../target.ts';

const log = new InMemoryLog();
for (let index = 0; index < 300; index++) log.add(utf8Encode(`entry ${index}`));
const logKey = parseVkey(log.vkey);
const PATHS = ['checkpoint', 'tile/0/000', 'tile/0/001.p/44', 'tile/1/000.p/1', 'tile/entries/000', 'tile/entries/001.p/44'];

/** An honest log, but for one file. */
function sourceWith(path: string, bytes: Uint8Array): Source {
  return { location: 'fuzz', hasLookup: false, get: async (asked) => (asked === path ? bytes : log.read(asked)), close: async () => {} };
}

/** A log whose life its root key decides. */
const { log: governed } = new Scene();
governed.seal();
const HISTORY_PATHS = ['checkpoint', `tile/0/000.p/${governed.size}`, `tile/entries/000.p/${governed.size}`];
const historyFiles = HISTORY_PATHS.map((path, which) => Buffer.concat([Buffer.from([which]), governed.read(path)!]));

/** First byte: which file it is. */
const served = PATHS.map((path, which) => Buffer.concat([Buffer.from([which]), log.read(path)!]));

const LOOKUP = { type: 'control', value: log.origin } as const;
const key = toHex(lookupKey(LOOKUP.type, LOOKUP.value));
const answer = utf8Encode(
  JSON.stringify({ checkpoint: Buffer.from(log.checkpoint()).toString(), lookups: [{ lookup: key, entries: [0, 7], proof: 'AAEC' }] }),
);

const problems = [
  { type: 'urn:verbatim:problem:busy', title: 'Busy', status: 503, code: 'busy', detail: 'later', index: 3 },
  { code: 'unknown-key', detail: 'x', title: 'y' },
];

export const CLIENT: readonly Target[] = [
  {
    name: 'client-log-files',
    shape: 'bytes',
    seeds: served,
    runs: 800,
    accepts: ([which = 0, ...rest]) =>
      refusesLaterWith(async () => {
        const source = sourceWith(PATHS[which % PATHS.length]!, Uint8Array.from(rest));
        const { checkpoint, tree } = await new LogReader({ source, logKey }).latest();
        must(checkpoint.size === log.size && bytesEqual(checkpoint.root, log.root()), 'another checkpoint was believed');
        for (const index of [0n, 255n, 256n, 299n]) {
          const { entry } = await tree.proved(index);
          must(bytesEqual(entry, log.entry(index)), `other bytes were believed to be entry ${index}`);
        }
      }, ClientError),
  },
  {
    name: 'client-follow',
    shape: 'bytes',
    seeds: served,
    runs: 500,
    // Rebuilders, monitors and mirrors read a log so.
    accepts: ([which = 0, ...rest]) =>
      refusesLaterWith(async () => {
        const source = sourceWith(PATHS[which % PATHS.length]!, Uint8Array.from(rest));
        let position: FollowPosition | null = null;
        let taken = 0n;
        const take = (batch: FollowBatch): void => {
          for (const { index, entry } of batch.entries) {
            must(index === taken, `entry ${index} came when ${taken} was to come`);
            must(bytesEqual(entry, log.entry(index)), `other bytes were believed to be entry ${index}`);
            taken += 1n;
          }
          must(batch.position.next === taken, 'a position beside the entries');
          ({ position } = batch);
        };
        await catchUp(new LogReader({ source, logKey }), { position: () => position, take }, { evidenceFolder: null });
        must(taken === log.size, 'it was caught up, and something is missing');
      }, ClientError),
  },
  {
    name: 'client-history',
    shape: 'bytes',
    seeds: historyFiles,
    runs: 300,
    accepts: ([which = 0, ...rest]) =>
      refusesLaterWith(async () => {
        const path = HISTORY_PATHS[which % HISTORY_PATHS.length]!;
        const source: Source = {
          ...sourceWith('', new Uint8Array()),
          get: async (asked) => (asked === path ? Uint8Array.from(rest) : governed.read(asked)),
        };
        const reader = new LogReader({ source, logKey: parseVkey(governed.vkey) });
        const { entries, complete } = await readHistory(reader, parseVkey(vkeyOf(ROOT)), AbortSignal.timeout(20_000));
        must(complete && entries.length > 0, 'a log that is whole was read in part');
      }, ClientError),
  },
  {
    name: 'client-index-answer',
    shape: 'json',
    seeds: [answer],
    accepts: (input) =>
      refusesLaterWith(async () => {
        const asked = await askIndex({ ...sourceWith('', input), get: async () => input }, [LOOKUP]);
        must(
          asked !== null && asked.lookups.length === 1 && asked.lookups[0]!.entries.every((index) => index >= 0n),
          'an answer to nothing',
        );
      }, ClientError),
  },
  {
    name: 'client-unlogged',
    shape: 'json',
    seeds: [utf8Encode(JSON.stringify({ observations: [{ entry: '{"payload":""}', since: 'x', trouble: null }], next: 7 }))],
    accepts: (input) =>
      refusesWith(() => {
        const { entries, next } = parseUnlogged(input, 'fuzz');
        must(
          entries.every((entry) => entry.length <= 3 * 16_384),
          'a huge entry',
        );
        must(next === null || Number.isSafeInteger(next), 'a page that is none');
      }, ClientError),
  },
  {
    name: 'client-members',
    shape: 'bytes',
    seeds: [tarOf(files), tarOf(files, true), zipOf(files)],
    runs: 800,
    async accepts(input) {
      const paths: string[] = [];
      const accepted = await refusesLaterWith(async () => {
        const container = await readMembers(input);
        paths.push(...(container?.members ?? []).map(({ path }) => path));
      }, ClientError);
      must(new Set(paths).size === paths.length, 'two members of one path');
      must(
        paths.every((path) => !path.startsWith('/') && !path.split('/').includes('..')),
        'a path that leads outside',
      );
      return accepted && paths.length > 0;
    },
  },
  {
    name: 'client-problem',
    shape: 'json',
    seeds: problems.map((problem) => utf8Encode(JSON.stringify(problem))),
    accepts(input) {
      const { code, title, detail } = readProblem({ status: 503, headers: {}, body: input });
      must(
        [code, title, detail].every((text) => typeof text === 'string' && text.length <= 1000),
        'a text is no short text',
      );
      return code !== '';
    },
  },
  {
    name: 'client-retry-after',
    shape: 'text',
    seeds: ['0', '5', '120'].map(utf8Encode),
    runs: 500,
    accepts(input) {
      const pause = retryAfterMs(Buffer.from(input).toString('latin1'));
      must(pause === null || (pause >= 0 && pause < 1e9), `a pause of ${pause} ms`);
      return pause !== null;
    },
  },
];
