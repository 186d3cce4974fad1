/** The command line of a service: `main.ts init|serve --config FILE`. */
import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { ConfigError, loadConfig } from './config.ts';
import { createLogger } from './logger.ts';
import { runService, type RunningService, type ServiceContext } from './run-service.ts';

export interface ServiceCommands<S extends z.ZodType> {
  readonly name: string;
  /** What `serve` does, for the usage text: `cosign until SIGINT or SIGTERM`. */
  readonly serves: string;
  readonly config: S;
  /** Resolves to the vkeys to print. */
  init(config: z.output<S>): Promise<readonly string[]>;
  serve(config: z.output<S>, context: ServiceContext): Promise<RunningService>;
}

/** Runs the command of this process. Wrong use and a configuration that cannot be used are exit code 2, what fails is 1. */
export async function serviceMain<S extends z.ZodType>({ name, serves, config: schema, init, serve }: ServiceCommands<S>): Promise<void> {
  const { command, file } = parseCommandLine(
    `Usage: main.ts COMMAND --config FILE

  init   make the keys and the empty database that FILE names; prints the ${name}'s vkeys, one a line
  serve  ${serves}; prints one line of JSON with its addresses when it is ready
`,
  );
  const config = configOf(schema, file);
  if (command === 'serve') return runService((context) => serve(config, context), { logger: createLogger({ name }) });
  try {
    process.stdout.write((await init(config)).map((vkey) => `${vkey}\n`).join(''));
  } catch (error) {
    process.stderr.write(`${name}: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}

function configOf<S extends z.ZodType>(schema: S, file: string): z.output<S> {
  try {
    return loadConfig(schema, file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

function parseCommandLine(usage: string): { command: 'init' | 'serve'; file: string } {
  const refuse = (message: string): never => {
    process.stderr.write(`${message}\n\n${usage}`);
    process.exit(2);
  };
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: { config: { type: 'string' }, help: { type: 'boolean' } },
    });
    if (values.help === true) {
      process.stdout.write(usage);
      process.exit(0);
    }
    const [command] = positionals;
    if (command === undefined || positionals.length !== 1) return refuse('expected one command, init or serve');
    if (command !== 'init' && command !== 'serve') return refuse(`expected init or serve, found ${JSON.stringify(command)}`);
    if (values.config === undefined) return refuse('expected --config FILE');
    return { command, file: values.config };
  } catch (error) {
    return refuse((error as Error).message);
  }
}
