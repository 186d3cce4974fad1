import { Command } from 'commander';
import { expect, test } from 'vitest';
import { COMMANDS } from '../commands.ts';
import { processIo } from '../io.ts';

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

test.each(COMMANDS)('the help of $name shows no default that says nothing', async ({ name, load }) => {
  const command = new Command('verbatim').enablePositionalOptions().command(name);
  (await load()).configure(command, processIo(), () => {});
  for (const each of withSubcommands(command)) expect(each.helpInformation()).not.toMatch(/default: (?:\[\]|\{\}|""|null|false)/);
});
