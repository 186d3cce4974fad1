/**
 * Fuzzes for as long as it is told, with other inputs each time, and keeps what breaks a target in corpus/, which `npm test` replays.
 *
 *   node test/fuzz/run.ts --minutes 30            every target in turn
 *   node test/fuzz/run.ts --minutes 5 tlog-note   one of them; the beginning of a name does as well
 *
 * Ends with 1 when something was found.
 */
import { parseArgs } from 'node:util';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { addToCorpus, corpusOf, fuzz, judge } from './fuzz.ts';
import type { Target } from './target.ts';
import { TARGETS } from './targets/index.ts';

/** Executions between two looks at the clock. */
const ROUND = 500;
/** Without a finished round for so long, the target is said to hang. */
const HANG_MS = 120_000;

interface Work {
  readonly name: string;
  readonly milliseconds: number;
}

interface Report {
  readonly executions: number;
  readonly accepted: number;
  readonly found: string | null;
}

/** In a thread of its own, so that an input on which a parser never returns can be told from a slow one. */
async function work({ name, milliseconds }: Work): Promise<void> {
  const target = TARGETS.find((each) => each.name === name)!;
  const end = performance.now() + milliseconds;
  let [executions, accepted] = [0, 0];
  let found: string | null = null;
  for (const input of corpusOf(target).values()) await judge(target, input);
  while (found === null && performance.now() < end) {
    const seed = Math.floor(Math.random() * 2 ** 31);
    parentPort!.postMessage({ seed });
    const result = await fuzz(target, { runs: Math.min(ROUND, target.runs ?? ROUND), seed });
    executions += result.executions;
    accepted += result.accepted;
    if (result.failure !== null) {
      const { input, error } = result.failure;
      found = `${addToCorpus(target, input)}\n${error instanceof Error ? error.stack : String(error)}`;
    }
  }
  await target.close?.();
  parentPort!.postMessage({ executions, accepted, found } satisfies Report);
}

/** Resolves to what was found, or how it hung. */
async function supervise(target: Target, milliseconds: number): Promise<Report> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { name: target.name, milliseconds } satisfies Work });
  const { promise, resolve, reject } = Promise.withResolvers<Report>();
  let seed: unknown = null;
  const hung = (): void =>
    resolve({ executions: 0, accepted: 0, found: `no end within ${HANG_MS / 1000} s of a round with seed ${String(seed)}` });
  let watchdog = setTimeout(hung, HANG_MS + milliseconds);
  worker.on('message', (message: Report | { seed: number }) => {
    clearTimeout(watchdog);
    if ('executions' in message) return resolve(message);
    seed = message.seed;
    watchdog = setTimeout(hung, HANG_MS);
  });
  worker.on('error', reject);
  try {
    return await promise;
  } finally {
    clearTimeout(watchdog);
    await worker.terminate();
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { minutes: { type: 'string', default: '1' } } });
  const minutes = Number(values.minutes);
  const targets = TARGETS.filter(({ name }) => positionals.length === 0 || positionals.some((wanted) => name.startsWith(wanted)));
  if (!(minutes > 0) || targets.length === 0) {
    console.error(`usage: node test/fuzz/run.ts --minutes NUMBER [TARGET…]; targets: ${TARGETS.map(({ name }) => name).join(' ')}`);
    process.exitCode = 2;
    return;
  }
  const milliseconds = (minutes * 60_000) / targets.length;
  for (const target of targets) {
    const start = performance.now();
    const { executions, accepted, found } = await supervise(target, milliseconds);
    const rate = Math.round(executions / ((performance.now() - start) / 1000));
    console.log(
      `${target.name.padEnd(26)} ${String(executions).padStart(9)} executions ${String(rate).padStart(7)}/s ${String(accepted).padStart(9)} accepted`,
    );
    if (found === null) continue;
    console.log(`  FOUND ${found}`);
    process.exitCode = 1;
  }
}

if (isMainThread) await main();
else await work(workerData as Work);
