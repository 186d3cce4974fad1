import { parseArgs } from 'node:util';
import { createLogger, loadConfig, runService } from '@verbatim/service-kit';
import { backupLog } from './backup/backup.ts';
import { confirmLog } from './backup/confirm.ts';
import { restoreFromTiles } from './backup/from-tiles.ts';
import { restoreLog } from './backup/restore.ts';
import { logConfig } from './config.ts';
import { initLog } from './init.ts';
import { forgetIndex, repairTiles } from './repair.ts';
import { reopenWitness } from './reopen-witness.ts';
import { serveLog } from './serve.ts';
import { succeedLog } from './succeed.ts';

const USAGE = `usage: main.ts init  --config log.toml
       main.ts succeed --config log.toml --from FOLDER
       main.ts serve --config log.toml
       main.ts repair --config log.toml [--index]
       main.ts backup --config log.toml --to FOLDER [--without-blobs]
       main.ts restore --config log.toml --from FOLDER | --from-tiles FOLDER|URL
       main.ts confirm --config log.toml --last-checkpoint FILE
       main.ts reopen-witness --config log.toml --witness NAME

init            makes keys that do not exist, the database and entry 0; prints the public keys as JSON
succeed         makes the log that another one has named as its successor, from that one's data folder
serve           serves the log; prints one line {"ready":true,"url":…,"metricsUrl":…} when it does
repair          writes tiles again that differ from the database; with --index, also has the next start make the index again from the entries.
                The log must be stopped
backup          copies database and blobs of a log, running or stopped, into a new folder, checked; prints what it is of as JSON
restore         puts a backup in the place of a database that is gone, or makes it again from a copy of the log's tiles: a folder, as
                "verbatim log export" writes it, or the address of a mirror; the log then signs only once its witnesses confirm its size
confirm         takes your word instead that nothing newer than this checkpoint was signed; for the next start of the stopped log
reopen-witness  asks a witness again that a split-view alarm closed; only after reading the evidence
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      witness: { type: 'string' },
      to: { type: 'string' },
      from: { type: 'string' },
      'from-tiles': { type: 'string' },
      'without-blobs': { type: 'boolean' },
      'last-checkpoint': { type: 'string' },
      index: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  const [command, ...rest] = positionals;
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (command === undefined || rest.length > 0) return usage(`expected one command, found ${positionals.join(' ') || 'none'}`);
  if (values.config === undefined) return usage('expected --config FILE, found none');
  const config = loadConfig(logConfig, values.config);
  switch (command) {
    case 'init':
      print(await initLog(config, Date.now()));
      return 0;
    case 'succeed':
      if (values.from === undefined) return usage('expected --from FOLDER, the data folder of the log that named this one');
      print(await succeedLog(config, values.from, Date.now()));
      return 0;
    case 'serve': {
      await runService((context) => serveLog(config, context), { logger: createLogger({ name: 'log' }) });
      return 0;
    }
    case 'repair':
      print({ replaced: await repairTiles(config) });
      if (values.index === true) forgetIndex(config);
      return 0;
    case 'backup':
      if (values.to === undefined) return usage('expected --to FOLDER, which does not exist yet');
      print(await backupLog(config, values.to, { withoutBlobs: values['without-blobs'] ?? false, now: Date.now() }));
      return 0;
    case 'restore':
      if ((values.from === undefined) === (values['from-tiles'] === undefined)) return usage('expected one of --from and --from-tiles');
      if (values.from !== undefined) print(await restoreLog(config, values.from));
      else
        print({
          origin: config.origin,
          size: Number(await restoreFromTiles(config, values['from-tiles']!, { now: Date.now(), onProgress })),
        });
      return 0;
    case 'confirm':
      if (values['last-checkpoint'] === undefined) return usage('expected --last-checkpoint FILE');
      print({ confirmed: Number(await confirmLog(config, values['last-checkpoint'], Date.now())) });
      return 0;
    case 'reopen-witness':
      if (values.witness === undefined) return usage('expected --witness NAME');
      reopenWitness(config, values.witness);
      return 0;
    default:
      return usage(`expected a command, found ${JSON.stringify(command)}`);
  }
}

/** For whoever watches. */
function onProgress(entries: bigint, size: bigint): void {
  if (process.stderr.isTTY) process.stderr.write(`${entries} of ${size} entries\n`);
}

function print(result: object): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

function usage(problem: string): number {
  process.stderr.write(`${problem}\n\n${USAGE}`);
  return 2;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
