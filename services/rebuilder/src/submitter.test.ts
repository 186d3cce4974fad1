import { createLogger } from '@verbatim/service-kit';
import { describe, expect, test } from 'vitest';
import type { LogPort, PutAnswer, SubmitAnswer } from './log-connection.ts';
import { openStore, releaseAt } from './store/_open.ts';
import { Submitter } from './submitter.ts';

const logger = createLogger({ name: 'test', level: 'silent' });
const acknowledged: SubmitAnswer = { kind: 'acknowledged', index: 7n, proof: 'proof' };
const later = { kind: 'later', code: 'unreachable', detail: '', retryAfterMs: null } as const;

/** A log that answers as told, and remembers what it was asked. */
function scripted(answers: { put?: PutAnswer; submit?: SubmitAnswer | (() => Promise<SubmitAnswer>) }) {
  const asked: string[] = [];
  const log: LogPort = {
    async putBlob() {
      asked.push('put');
      return answers.put ?? { kind: 'stored' };
    },
    async submit(entry) {
      asked.push(`submit ${entry[0]}`);
      return typeof answers.submit === 'function' ? answers.submit() : (answers.submit ?? acknowledged);
    },
  };
  return { log, asked };
}

/** A store with `count` observations that wait, and a submitter for it. */
function waiting(log: LogPort, count = 1) {
  const store = openStore();
  for (let index = 0; index < count; index++) {
    store.queue.enqueue(releaseAt(BigInt(index)), ['a'], 0);
    const evidence = [{ sha256: 'aa'.repeat(32), bytes: new Uint8Array([1]) }];
    store.outbox.record(store.queue.lease(0, 1000)!, { result: 'match', reason: null, entry: new Uint8Array([index]), evidence }, 0);
  }
  const lags: number[] = [];
  const submissionLag = { set: (value: number) => void lags.push(value) };
  const submitter = new Submitter({ outbox: store.outbox, log, metrics: { submissionLag } as never, logger });
  return { ...store, submitter, lags };
}

const never = new AbortController().signal;

describe('handing in', () => {
  test('sends the evidence first, then the observation, and keeps index and proof', async () => {
    const { log, asked } = scripted({});
    const { submitter, outbox, lags } = waiting(log);
    await submitter.flush(never);
    expect(asked).toEqual(['put', 'submit 0']);
    expect(outbox.counts()).toMatchObject({ pending: 0, acknowledged: 1 });
    expect(outbox.attempts(1)[0]).toMatchObject({ index: 7 });
    expect(lags).toHaveLength(1);
  });

  test('goes on without evidence that the log does not take', async () => {
    const { log, asked } = scripted({ put: { kind: 'refused', code: 'quota-exceeded', detail: '' } });
    const { submitter, outbox } = waiting(log);
    await submitter.flush(never);
    expect(asked).toEqual(['put', 'submit 0']);
    expect(outbox.counts()).toMatchObject({ acknowledged: 1 });
  });

  test('waits with the observation until the evidence is there', async () => {
    const { log, asked } = scripted({ put: later });
    const { submitter, outbox } = waiting(log);
    await submitter.flush(never);
    expect(asked).toEqual(['put']);
    expect(outbox.attempts(1)[0]).toMatchObject({ state: 'pending', trouble: 'unreachable' });
  });

  test('keeps what the log refuses', async () => {
    const { log } = scripted({ submit: { kind: 'refused', code: 'attempt-exists', detail: '' } });
    const { submitter, outbox } = waiting(log);
    await submitter.flush(never);
    expect(outbox.counts()).toMatchObject({ pending: 0, refused: 1 });
  });

  test('tries everything once in the last seconds, back-off or not', async () => {
    const { log, asked } = scripted({ submit: later });
    const { submitter, outbox } = waiting(log, 20);
    outbox.retryLater(1, Date.now() + 1_000_000, 'earlier');
    await submitter.flush(never);
    expect(asked.filter((each) => each.startsWith('submit'))).toHaveLength(20);
    expect(outbox.counts()).toMatchObject({ pending: 20 });
  });

  test('a bug in handing in one observation does not stop the others', async () => {
    const { log } = scripted({ submit: () => Promise.reject(new Error('boom')) });
    const { submitter, outbox } = waiting(log, 2);
    await submitter.flush(never);
    expect(outbox.attempts(2).map(({ trouble }) => trouble)).toEqual(['node-error', 'node-error']);
  });

  test('ends when it is told to, with what is under way kept', async () => {
    const stop = new AbortController();
    const asked = Promise.withResolvers<void>();
    const { log } = scripted({
      submit: () => {
        asked.resolve();
        return new Promise((_, reject) => stop.signal.addEventListener('abort', () => reject(stop.signal.reason as Error)));
      },
    });
    const { submitter, outbox } = waiting(log);
    const loop = submitter.loop(stop.signal);
    await asked.promise;
    stop.abort(new Error('stopping'));
    await loop;
    expect(outbox.next(Date.now())).toMatchObject({ tries: 0 });
  });
});
