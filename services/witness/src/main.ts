/** `node src/main.ts init|serve --config FILE`. */
import { parseArgs } from 'node:util';
import { createLogger, loadConfig, runService } from '@verbatim/service-kit';
import { witnessConfig } from './config.ts';
import { initWitness } from './init.ts';
import { startWitness } from './service.ts';

const USAGE = `Usage: main.ts COMMAND --config FILE

  init   make the keys and the empty database that FILE names; prints the witness's vkeys, one a line
  serve  cosign until SIGINT or SIGTERM; prints one line of JSON with its addresses when it is ready
`;

const logger = createLogger({ name: 'witness' });

function usage(message: string): never {
  process.stderr.write(`${message}\n\n${USAGE}`);
  process.exit(2);
}

function parseCommandLine(): { command: string; config: string } {
  try {
    const { positionals, values } = parseArgs({ allowPositionals: true, options: { config: { type: 'string' } } });
    const [command] = positionals;
    if (command === undefined || positionals.length !== 1) usage('expected one command');
    if (values.config === undefined) usage('expected --config FILE');
    return { command, config: values.config };
  } catch (error) {
    usage((error as Error).message);
  }
}

const { command, config } = parseCommandLine();
switch (command) {
  case 'init':
    try {
      process.stdout.write((await initWitness(loadConfig(witnessConfig, config))).map((vkey) => `${vkey}\n`).join(''));
    } catch (error) {
      process.stderr.write(`witness: ${(error as Error).message}\n`);
      process.exitCode = 1;
    }
    break;
  case 'serve':
    await runService((context) => startWitness(loadConfig(witnessConfig, config), context), { logger });
    break;
  default:
    usage(`expected init or serve, found ${JSON.stringify(command)}`);
}
