/** Logs: pino's JSON lines on stderr; on a terminal, one readable line each. stdout stays free for the ready line. */
import { pino, type Logger } from 'pino';

export type { Logger };

export interface LoggerOptions {
  /** The service's name, in every line. */
  name: string;
  /** pino level; `info` by default. */
  level?: string;
}

/** Synchronous: what was logged before a crash is there. */
export function createLogger({ name, level = 'info' }: LoggerOptions): Logger {
  const options = { name, level, base: { name }, timestamp: pino.stdTimeFunctions.isoTime };
  if (process.stderr.isTTY) return pino(options, { write: (line: string) => process.stderr.write(readable(line)) });
  return pino(options, pino.destination({ dest: 2, sync: true }));
}

/** One pino JSON line for people: time, level, name, message, then the fields as JSON, so that no field can forge a line. */
export function readable(line: string): string {
  const { time, level, name, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const label = pino.levels.labels[Number(level)] ?? String(level);
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  const stack = isError(err) ? `\n${visible(err.stack ?? err.message ?? '')}` : '';
  return `${String(time).slice(11, 19)} ${label.toUpperCase().padEnd(5)} ${String(name)}: ${[visible(String(msg ?? '')), ...rest].join(' ')}${stack}\n`;
}

function isError(value: unknown): value is { message?: string; stack?: string } {
  return typeof value === 'object' && value !== null;
}

/** Control characters but newlines are escaped: a log line must not steer the terminal. */
function visible(text: string): string {
  return text.replace(/[^\P{Cc}\n]/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
