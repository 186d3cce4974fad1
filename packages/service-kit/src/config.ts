/** Configuration: one TOML file, one strict zod schema, errors that say file, key, expected and found. */
import { CodedError } from '@verbatim/tlog';
import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import * as z from 'zod';

export type ConfigErrorCode = 'unreadable' | 'malformed-toml' | 'invalid';

export class ConfigError extends CodedError<ConfigErrorCode> {
  override readonly name = 'ConfigError';
}

/** Longest configuration file in bytes. */
export const MAX_CONFIG_BYTES = 1 << 20;

// zod's transforms have no context: the folder of the file being loaded travels here (parsing is synchronous).
const folderOfConfig = new AsyncLocalStorage<string>();

/** A schema for a path in a configuration: relative ones start at the configuration file's folder. Yields an absolute path. */
export function filePath(): z.ZodType<string, string> {
  return z
    .string()
    .min(1)
    .max(4096)
    .refine((path) => !path.includes('\0'), 'a path without NUL')
    .transform((path) => resolve(folderOfConfig.getStore() ?? process.cwd(), path));
}

interface Address {
  readonly host: string;
  readonly port: number;
}

const address = ({ host, port }: Address) =>
  z.strictObject({ host: z.string().min(1).max(255).default(host), port: z.int().min(0).max(65_535).default(port) });

/** A schema for `host` and `port` of a listener; port 0 lets the system choose. */
export function listenAddress(defaults: Address): z.ZodType<Address, unknown> {
  return address(defaults).prefault({});
}

/** The same for a listener that there is only where the configuration has its table. */
export function optionalListenAddress(defaults: Address): z.ZodType<Address | undefined, unknown> {
  // Not `listenAddress(…).optional()`: zod gives the default of what is optional.
  return address(defaults).optional();
}

/**
 * Read, parse and validate the TOML file at `path`. Keys are snake_case; use `z.strictObject`, so that a misspelt key is an error.
 *
 * @example
 * const config = loadConfig(z.strictObject({ data_dir: filePath(), listen: listenAddress({ host: '127.0.0.1', port: 0 }) }), 'log.toml');
 *
 * Throws ConfigError; the message lists every wrong key.
 */
export function loadConfig<S extends z.ZodType>(schema: S, path: string): z.output<S> {
  const file = resolve(path);
  const table = readToml(file);
  const result = folderOfConfig.run(dirname(file), () => schema.safeParse(table));
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `  ${describeIssue(issue, table)}`);
  throw new ConfigError('invalid', `${file}: the configuration is not valid:\n${problems.join('\n')}`);
}

function readToml(file: string): unknown {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new ConfigError('unreadable', `${file}: expected a readable configuration file, found ${reasonOf(cause)}`, { cause });
  }
  if (bytes.length > MAX_CONFIG_BYTES) {
    throw new ConfigError('unreadable', `${file}: expected at most ${MAX_CONFIG_BYTES} bytes, found ${bytes.length}`);
  }
  try {
    return parseToml(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw new ConfigError('malformed-toml', `${file}: expected TOML in UTF-8, found ${reasonOf(cause)}`, { cause });
  }
}

function describeIssue(issue: z.core.$ZodIssue, table: unknown): string {
  const key = issue.path.map(String).join('.') || '(top level)';
  if (issue.code === 'unrecognized_keys') {
    return `key ${key}: expected only known keys, found unknown ${issue.keys.map((name) => JSON.stringify(name)).join(', ')}`;
  }
  const found = issue.path.reduce<unknown>((value, part) => (isTable(value) ? value[part as string] : undefined), table);
  return `key ${key}: ${issue.message}; found ${found === undefined ? 'nothing' : shorten(found)}`;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
