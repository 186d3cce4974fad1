/** The command line of a service: `main.ts init|serve --config FILE`. */
import { parseArgs } from 'node:util';
import { createLogger } from './logger.ts';
import { runService, type RunningService, type ServiceContext } from './run-service.ts';

export interface ServiceCommands {
  readonly name: string;
  /** What `serve` does, for the usage text: `cosign until SIGINT or SIGTERM`. */
  readonly serves: string;
  /** @param config path of the configuration file; resolves to the vkeys to print */
  init(config: string): Promise<readonly string[]>;
  serve(config: string, context: ServiceContext): Promise<RunningService>;
}

/** Runs the command of this process. Wrong use is exit code 2, what fails is 1. */
export async function serviceMain({ name, serves, init, serve }: ServiceCommands): Promise<void> {
  const { command, config } = parseCommandLine(
    `Usage: main.ts COMMAND --config FILE

  init   make the keys and the empty database that FILE names; prints the ${name}'s vkeys, one a line
  serve  ${serves}; prints one line of JSON with its addresses when it is ready
`,
  );
  if (command === 'serve') return runService((context) => serve(config, context), { logger: createLogger({ name }) });
  try {
    process.stdout.write((await init(config)).map((vkey) => `${vkey}\n`).join(''));
  } catch (error) {
    process.stderr.write(`${name}: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}

function parseCommandLine(usage: string): { command: 'init' | 'serve'; config: string } {
  const refuse = (message: string): never => {
    process.stderr.write(`${message}\n\n${usage}`);
    process.exit(2);
  };
  try {
    const { positionals, values } = parseArgs({ allowPositionals: true, options: { config: { type: 'string' } } });
    const [command] = positionals;
    if (command === undefined || positionals.length !== 1) return refuse('expected one command');
    if (command !== 'init' && command !== 'serve') return refuse(`expected init or serve, found ${JSON.stringify(command)}`);
    if (values.config === undefined) return refuse('expected --config FILE');
    return { command, config: values.config };
  } catch (error) {
    return refuse((error as Error).message);
  }
}
