import { parseArgs } from 'node:util';
import { createLogger, loadConfig, runService } from '@verbatim/service-kit';
import { logConfig } from './config.ts';
import { initLog } from './init.ts';
import { repairTiles } from './repair.ts';
import { reopenWitness } from './reopen-witness.ts';
import { serveLog } from './serve.ts';
import { succeedLog } from './succeed.ts';

const USAGE = `usage: main.ts init  --config log.toml
       main.ts succeed --config log.toml --from FOLDER
       main.ts serve --config log.toml
       main.ts repair --config log.toml
       main.ts reopen-witness --config log.toml --witness NAME

init            makes keys that do not exist, the database and entry 0; prints the public keys as JSON
succeed         makes the log that another one has named as its successor, from that one's data folder
serve           serves the log; prints one line {"ready":true,"url":…,"metricsUrl":…} when it does
repair          writes tiles again that differ from the database; the log must be stopped
reopen-witness  asks a witness again that a split-view alarm closed; only after reading the evidence
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { config: { type: 'string' }, from: { type: 'string' }, witness: { type: 'string' }, help: { type: 'boolean' } },
  });
  const [command, ...rest] = positionals;
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (command === undefined || rest.length > 0 || values.config === undefined) return usage();
  const config = loadConfig(logConfig, values.config);
  switch (command) {
    case 'init':
      process.stdout.write(`${JSON.stringify(await initLog(config, Date.now()))}\n`);
      return 0;
    case 'succeed':
      if (values.from === undefined) return usage();
      process.stdout.write(`${JSON.stringify(await succeedLog(config, values.from, Date.now()))}\n`);
      return 0;
    case 'serve': {
      await runService((context) => serveLog(config, context), { logger: createLogger({ name: 'log' }) });
      return 0;
    }
    case 'repair':
      process.stdout.write(`${JSON.stringify({ replaced: await repairTiles(config) })}\n`);
      return 0;
    case 'reopen-witness':
      if (values.witness === undefined) return usage();
      reopenWitness(config, values.witness);
      return 0;
    default:
      return usage();
  }
}

function usage(): number {
  process.stderr.write(USAGE);
  return 2;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
