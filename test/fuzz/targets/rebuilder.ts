/** A rebuilder's own doors: what anybody asks about unlogged observations, what its operator asks, and what its workers say. */
import { createLogger, type RunningServer, serve } from '@verbatim/service-kit';
import { utf8Encode } from '@verbatim/tlog';
import { controlApp, type NodeStatus } from '../../../services/rebuilder/src/control.ts';
import { openStore, releaseAt } from '../../../services/rebuilder/src/store/_open.ts';
import { unloggedApp } from '../../../services/rebuilder/src/unlogged.ts';
import { fromWorker, LineSplitter, parseLine, ProtocolError } from '../../../services/rebuilder/src/worker-protocol.ts';
import { answers, ascii } from '../http.ts';
import { refusesWith, type Target } from '../target.ts';

const RELEASE = 7n;
const ARTIFACT = 'linux-x64/bin/tool';
const NO_FACTS = { toolchain: [], sandbox: null };
const FACTS = {
  toolchain: [{ name: 'go', version: 'go1.23.5', host: 'linux/amd64', digest: `h1:${'A'.repeat(43)}=` }],
  sandbox: { executor: 'bubblewrap', version: '0.8.0', network: 'none', limits: 'rlimit' },
};
const JSON_TYPE = 'content-type: application/json';

/** A real store with one observation that the log has not taken, and both apps in front of it. */
async function startDoors(): Promise<{ readonly open: RunningServer; readonly control: RunningServer }> {
  const { queue, outbox } = openStore();
  queue.enqueue(releaseAt(RELEASE), [ARTIFACT], 0);
  const observation = { result: 'differ', reason: null, entry: utf8Encode('{"payload":""}'), evidence: [] };
  outbox.record(queue.lease(0, 60_000)!, observation, 1_700_000_000_000);
  const logger = createLogger({ name: 'fuzz', level: 'silent' });
  const actions = {
    status: (attempts: number): NodeStatus => ({ attempts: outbox.attempts(attempts) }) as unknown as NodeStatus,
    drain: (): void => {},
    requeue: (release: bigint, artifact: string, attempt: number | null) => queue.requeue(release, artifact, attempt, 0),
  };
  const anyPort = { host: '127.0.0.1', port: 0 };
  return { open: await serve(unloggedApp(outbox, logger), anyPort), control: await serve(controlApp(actions, logger), anyPort) };
}

let doors: ReturnType<typeof startDoors> | undefined;
const urlOf = async (door: 'open' | 'control'): Promise<string> => (await (doors ??= startDoors()))[door].url!;

async function close(): Promise<void> {
  const running = await doors;
  doors = undefined;
  await running?.open[Symbol.asyncDispose]();
  await running?.control[Symbol.asyncDispose]();
}

const requeue = (body: unknown): Uint8Array => ascii('POST /requeue', JSON_TYPE, '', JSON.stringify(body));
const nothingPlain = (): boolean => false;

export const REBUILDER: readonly Target[] = [
  {
    name: 'rebuilder-http',
    shape: 'text',
    seeds: [`/observations/unlogged?release=${RELEASE}`, '/observations/unlogged?release=0&after=1'].map((path) =>
      ascii(`GET ${path}`, '', ''),
    ),
    runs: 400,
    accepts: async (input) => answers(await urlOf('open'), input, nothingPlain),
    close,
  },
  {
    name: 'rebuilder-control',
    shape: 'text',
    seeds: [
      ascii('GET /status?attempts=3', '', ''),
      ascii('POST /drain', '', ''),
      requeue({ release: Number(RELEASE), artifact: ARTIFACT }),
      requeue({ release: Number(RELEASE), artifact: ARTIFACT, attempt: 1 }),
    ],
    others: [requeue({ release: 1, artifact: '../x' })],
    runs: 400,
    accepts: async (input) => answers(await urlOf('control'), input, nothingPlain),
    close,
  },
  {
    name: 'rebuilder-worker-line',
    shape: 'json',
    seeds: [
      { type: 'hello', uid: 1000 },
      { type: 'beat' },
      { type: 'received', path: '/work/received' },
      { type: 'built', path: '/work/output', log: '/work/log', facts: FACTS, notes: ['a note'] },
      { type: 'built-again', path: '/work/output-1', varied: ['path'], kept: [] },
      { type: 'explained', path: '/work/difference', class: 'explained', whatIf: [] },
      {
        type: 'failed',
        result: 'timeout',
        reason: 'build-time',
        message: 'x',
        transient: false,
        retryAfterMs: null,
        log: null,
        facts: NO_FACTS,
      },
    ].map((message) => utf8Encode(JSON.stringify(message))),
    accepts: (input) =>
      refusesWith(
        () => {
          const lines = new LineSplitter().push(Buffer.concat([input, Buffer.from('\n')]));
          if (lines.length === 0) throw new ProtocolError('no line');
          for (const line of lines) parseLine(fromWorker, line);
        },
        ProtocolError,
        // The decoder's, for bytes that are no UTF-8.
        TypeError,
      ),
  },
];
