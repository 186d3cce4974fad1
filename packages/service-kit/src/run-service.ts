/** A service as a process: start, announce, wait, stop. */
import type { Logger } from './logger.ts';

export interface ServiceContext {
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /**
   * We cannot go on (an unknown outcome of a write, say): logs and ends the process with exit code 1, at once and without
   * cleaning up. Whatever is on disk must be fit for `kill -9` anyway.
   */
  readonly fatal: (error: unknown) => never;
}

/** What `main` returns: running until it is disposed of. */
export interface RunningService extends AsyncDisposable {
  readonly url?: string | undefined;
  readonly metricsUrl?: string | undefined;
}

export interface RunOptions {
  logger: Logger;
  /** Milliseconds from the first signal to the hard exit (25 s). */
  graceMs?: number;
}

/**
 * Run `main` until a signal. When it has started, prints one line `{"ready":true,"url":…,"metricsUrl":…}` on stdout, the only
 * one: whoever started the process reads there which port it got.
 *
 * SIGINT or SIGTERM: `signal` aborts, the service is disposed of, exit code 0. A second signal, or 25 s: exit code 1 at once.
 * An error of `main` or of the disposal, an uncaught error, an unhandled rejection: logged, exit code 1.
 *
 * @example
 * await runService(async ({ signal, logger }) => startWitness(config, { signal, logger }), { logger: createLogger({ name: 'witness' }) });
 */
export async function runService(
  main: (context: ServiceContext) => Promise<RunningService>,
  { logger, graceMs = 25_000 }: RunOptions,
): Promise<void> {
  const fatal = (error: unknown): never => {
    logger.fatal({ err: error }, `stopped: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
  keepStdoutClean(logger);

  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve(), { once: true }));
  const onSignal = (name: NodeJS.Signals): void => {
    if (stop.signal.aborted) {
      logger.error({ signal: name }, 'second signal: exiting without finishing');
      process.exit(1);
    }
    logger.info({ signal: name }, 'stopping');
    // Not a reason to stay alive; but if something else keeps the process alive for so long, this ends it.
    setTimeout(() => {
      logger.error({ graceMs }, 'did not stop in time: exiting without finishing');
      process.exit(1);
    }, graceMs).unref();
    stop.abort(new DOMException(`stopped by ${name}`, 'AbortError'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);

  // A started service keeps the event loop alive by its listeners; a service without any must not end by itself.
  const alive = setInterval(() => {}, 1 << 30);
  try {
    await using service = await main({ signal: stop.signal, logger, fatal });
    const { url, metricsUrl } = service;
    process.stdout.write(`${JSON.stringify({ ready: true, url, metricsUrl })}\n`);
    logger.info({ url, metricsUrl }, 'ready');
    await stopped;
  } catch (error) {
    // What was interrupted while starting is not a failure.
    if (!(stop.signal.aborted && error === stop.signal.reason)) fatal(error);
  } finally {
    clearInterval(alive);
  }
  logger.info('stopped');
}

/** Libraries that print with console.log or console.info (the HTTP adapter does) go to the log. */
function keepStdoutClean(logger: Logger): void {
  const toLog = (...words: unknown[]): void => logger.debug(words.map(String).join(' '));
  console.log = toLog;
  console.info = toLog;
  // Whoever read the ready line may have gone.
  process.stdout.on('error', () => {});
}
