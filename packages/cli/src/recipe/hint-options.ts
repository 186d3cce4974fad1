import type { Command } from 'commander';

/** The options of HintOptions (hints.ts). */
export function addHintOptions(command: Command): Command {
  return command
    .option('--module <path>', 'the Go module, when the file does not say it')
    .option('--module-version <version>', 'its version, such as v1.2.3, when the file does not say it')
    .option('--h1 <hash>', "the module's hash, h1:…")
    .option('--package <path>', 'the main package, ./cmd/x, when the file does not say it')
    .option('--ldflags <flags>', 'the value of -ldflags, when known')
    .option('--crate <name>', 'the crate of a Rust program')
    .option('--crate-version <version>', 'its version, such as 1.2.3')
    .option('--suite <name>', 'the Debian suite that has a .deb, such as bookworm');
}
