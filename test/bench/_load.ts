import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, memoryMiB, quantile } from './_process.ts';

/** A log under load, ours or a peer's, in a process of its own. */
export interface Target {
  readonly pid: number;
  /** Sends 1 or more entries in one request; resolves when they are published. `busy`: pushed back, or not published in time. Throws for any other answer. */
  send(entries: readonly Uint8Array[]): Promise<'published' | 'busy'>;
}

export interface LoadFigures {
  readonly load: string;
  readonly entries: number;
  /** Pushed back, or not published in time. */
  readonly late: number;
  readonly perSecond: number;
  /** From the scheduled time of sending to the reply, which is after publication. Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Of the server, in microseconds an entry. */
  readonly cpu: number;
  /** Of the server, MiB. */
  readonly memory: { readonly now: number; readonly peak: number };
}

/** All entries as fast as the log takes them, `width` requests of `perRequest` entries at a time. */
export async function closedLoop(target: Target, entries: readonly Uint8Array[], width: number, perRequest: number): Promise<LoadFigures> {
  const load = perRequest === 1 ? `one by one, ${width} at a time` : `batches of ${perRequest}, ${width} at a time`;
  return measured(target, load, entries.length, perRequest, async (latencies) => {
    let next = 0;
    await Promise.all(
      Array.from({ length: width }, async () => {
        while (next < entries.length) {
          const slice = entries.slice(next, (next += perRequest));
          const sent = performance.now();
          if ((await target.send(slice)) === 'published') latencies.push(performance.now() - sent);
        }
      }),
    );
  });
}

/** One entry at a time at a fixed rate, whatever the log does. */
export async function openLoop(target: Target, entries: readonly Uint8Array[], rate: number): Promise<LoadFigures> {
  return measured(target, `${rate} offered per second`, entries.length, 1, async (latencies) => {
    const began = performance.now();
    const running: Promise<void>[] = [];
    for (const [position, entry] of entries.entries()) {
      const due = began + (position * 1000) / rate;
      if (due > performance.now()) await sleep(due - performance.now());
      running.push(
        target.send([entry]).then((outcome) => {
          if (outcome === 'published') latencies.push(performance.now() - due);
        }),
      );
    }
    await Promise.all(running);
  });
}

async function measured(
  { pid }: Target,
  load: string,
  entries: number,
  perRequest: number,
  run: (latencies: number[]) => Promise<void>,
): Promise<LoadFigures> {
  const latencies: number[] = [];
  const [cpuBefore, began] = [cpuSeconds(pid), performance.now()];
  await run(latencies);
  const seconds = (performance.now() - began) / 1000;
  const published = Math.min(entries, latencies.length * perRequest);
  return {
    load,
    entries,
    late: entries - published,
    perSecond: Math.round(published / seconds),
    p50: Math.round(quantile(latencies, 0.5)),
    p99: Math.round(quantile(latencies, 0.99)),
    cpu: Math.round(((cpuSeconds(pid) - cpuBefore) * 1e6) / entries),
    memory: memoryMiB(pid),
  };
}
