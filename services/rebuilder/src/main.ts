#!/usr/bin/env node
/** `init`: key and database of a new node. `serve`: run it. */
import { createLogger, runService } from '@verbatim/service-kit';
import { parseArgs } from 'node:util';
import { readConfig } from './config.ts';
import { initialise } from './init.ts';
import { startNode } from './node.ts';

const USAGE = 'usage: rebuilder init|serve --config FILE.toml';

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { config: { type: 'string' }, help: { type: 'boolean' } } });
  const [command, ...rest] = positionals;
  if (values.help === true) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  if (values.config === undefined || rest.length > 0 || (command !== 'init' && command !== 'serve')) {
    throw new Error(`expected a command and a configuration; ${USAGE}`);
  }
  const config = readConfig(values.config);
  if (command === 'init') {
    process.stdout.write(`${await initialise(config)}\n`);
    return;
  }
  const logger = createLogger({ name: 'rebuilder', level: config.log_level });
  await runService((context) => startNode(config, context), { logger });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
});
