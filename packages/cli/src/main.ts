/** The `verbatim` command as a process; bin/verbatim.js starts it. */
import { describeError } from './errors.ts';
import { processIo } from './io.ts';
import { errorExitCode, run } from './run.ts';

const io = processIo();
const args = process.argv.slice(2);

function fail(error: unknown): never {
  io.err(`verbatim: ${describeError(error)}\n`);
  process.exit(errorExitCode(args));
}

// Node's own code for an uncaught error is 1, which here means "not reproduced".
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

// Should the process ever run out of things to do without an answer, that is no success.
let answer = errorExitCode(args);
process.on('exit', () => {
  process.exitCode = answer;
});
// The launcher's default; commander takes what stands here for the exit code of its help.
process.exitCode = 0;
run(args, io).then((exitCode) => {
  answer = exitCode;
  process.exit(exitCode);
}, fail);
