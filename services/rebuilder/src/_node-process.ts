/**
 * Test-only: `serve` with another worker program, and able to die by SIGKILL at a chosen point of its own writes. Everything else is the
 * service as it is. WORKER is the worker's program; DIE is JSON `{call, nth, when}`.
 */
import { LogClient } from '@verbatim/client';
import { createLogger, runService } from '@verbatim/service-kit';
import { readConfig } from './config.ts';
import { LogConnection } from './log-connection.ts';
import { startNode } from './node.ts';
import { JobQueue } from './store/queue.ts';
import { Outbox } from './store/outbox.ts';

export type DieCall =
  | `JobQueue.${'enqueue' | 'advanceTo' | 'lease' | 'renew' | 'conclude' | 'recover'}`
  | `Outbox.${'record' | 'acknowledge' | 'dropEvidence' | 'moveTo'}`
  | 'LogConnection.openReader'
  | `LogClient.${'putBlob' | 'submitEntry'}`;

export interface Die {
  readonly call: DieCall;
  /** 1 for the first call. */
  readonly nth: number;
  readonly when: 'before' | 'after';
}

type Method = (...parameters: unknown[]) => unknown;

function dieAt({ call, nth, when }: Die): void {
  const [owner, name] = call.split('.') as [string, string];
  const prototype = { JobQueue, Outbox, LogClient, LogConnection }[owner]!.prototype as unknown as Record<string, Method>;
  const original = prototype[name]!;
  let calls = 0;
  const die = (): void => void process.kill(process.pid, 'SIGKILL');
  prototype[name] = function (this: unknown, ...parameters: unknown[]): unknown {
    const now = ++calls === nth;
    if (now && when === 'before') die();
    const result = original.apply(this, parameters);
    if (!now || when === 'before') return result;
    if (result instanceof Promise) return result.finally(die);
    die();
    return result;
  };
}

const die = process.env['DIE'];
if (die !== undefined) dieAt(JSON.parse(die) as Die);
const config = readConfig(process.argv[2]!);
const logger = createLogger({ name: 'rebuilder', level: config.log_level });
await runService((context) => startNode(config, { ...context, workerEntry: process.env['WORKER']! }), { logger });
