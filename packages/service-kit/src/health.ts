/** `/livez` (the event loop turns), `/readyz` (may get traffic), `/health` (the same, for people). Never 200 while a check fails. */
import { Hono } from 'hono';

export type Health = { ok: true; detail?: string } | { ok: false; detail: string };

export interface HealthCheck {
  /** kebab-case */
  name: string;
  /** `detail` is public. What it throws counts as a failure and is not shown. */
  check: () => Health | Promise<Health>;
}

export interface HealthReport {
  status: 'ok' | 'failing';
  checks: Record<string, Health>;
}

const CHECK_TIMEOUT_MS = 2_000;

/** Run all checks; one that throws or takes longer than `timeoutMs` has failed. */
export async function runChecks(checks: readonly HealthCheck[], timeoutMs = CHECK_TIMEOUT_MS): Promise<HealthReport> {
  const results = await Promise.all(checks.map(async (check) => [check.name, await runCheck(check, timeoutMs)] as const));
  const status = results.every(([, health]) => health.ok) ? 'ok' : 'failing';
  return { status, checks: Object.fromEntries(results) };
}

async function runCheck({ check }: HealthCheck, timeoutMs: number): Promise<Health> {
  const late = Promise.withResolvers<Health>();
  const timer = setTimeout(() => late.resolve({ ok: false, detail: `no answer within ${timeoutMs} ms` }), timeoutMs);
  try {
    return await Promise.race([Promise.resolve().then(check), late.promise]);
  } catch {
    return { ok: false, detail: 'the check itself failed; see the log' };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Routes to mount at `/`. Requests that arrive while the checks run share their result.
 *
 * @example
 * app.route('/', health([{ name: 'database', check: () => ({ ok: database.open, detail: '…' }) }]));
 */
export function health(checks: readonly HealthCheck[], { timeoutMs = CHECK_TIMEOUT_MS }: { timeoutMs?: number } = {}): Hono {
  let running: Promise<HealthReport> | null = null;
  const report = (): Promise<HealthReport> =>
    (running ??= runChecks(checks, timeoutMs).finally(() => {
      running = null;
    }));
  const app = new Hono();
  const headers = { 'cache-control': 'no-store' };
  app.get('/livez', (c) => c.json({ status: 'ok' }, 200, headers));
  app.get('/readyz', async (c) => {
    const { status, checks } = await report();
    return c.json({ status, checks }, status === 'ok' ? 200 : 503, headers);
  });
  app.get('/health', async (c) => {
    const { status, checks } = await report();
    const lines = Object.entries(checks).map(
      ([name, { ok, detail }]) => `${ok ? 'ok     ' : 'FAILING'} ${name}${detail ? `: ${detail}` : ''}\n`,
    );
    return c.text(`${status}\n${lines.join('')}`, status === 'ok' ? 200 : 503, headers);
  });
  return app;
}

/** Seconds that the clock may be behind the last cosignature before a cosigner reports itself unfit. */
const MAX_CLOCK_LAG = 60n;

/** Is the clock where it was when something was cosigned last? POSIX seconds. */
export function clockHealth(now: bigint, last: bigint): Health {
  const lag = last - now;
  if (lag <= MAX_CLOCK_LAG) return { ok: true };
  return { ok: false, detail: `the clock is ${lag} s behind the last cosignature; set it` };
}
