import { keyidOf } from '@verbatim/statements';
import { loadSigner } from '@verbatim/service-kit/keyfile';
import { vkeyOf } from '@verbatim/tlog/node';
import type { Command } from 'commander';
import { CliError } from '../errors.ts';
import type { Io } from '../io.ts';
import type { Finish } from '../run.ts';
import { askSocket } from '../unix-socket.ts';

export function configure(command: Command, io: Io, finish: Finish): void {
  command.description('Operate a rebuilder node: enrol its key, ask how it is, drain it, give work back.');
  command
    .command('enrol-request')
    .description('Print what the operator of a log needs to enrol this node, and the lines that users add to their policy.')
    .requiredOption('--key <file>', "the node's private key file")
    .requiredOption('--operator <name>', 'who runs it: one operator has one vote, whatever the number of nodes')
    .requiredOption('--host <os/arch>', 'platform that the node runs on, such as linux/amd64')
    .option('--json', 'one JSON object')
    .action((options: EnrolOptions) => {
      io.out(enrolRequest(options));
      finish(0);
    });
  socketCommand(command, 'status', 'Print what the node is doing.', { method: 'GET', path: '/status' }, io, finish);
  socketCommand(command, 'drain', 'Finish the running builds and take no more.', { method: 'POST', path: '/drain' }, io, finish);
  command
    .command('requeue')
    .description('Build an artifact once more; the result is logged as another attempt.')
    .requiredOption('--socket <path>', "the node's control socket")
    .requiredOption('--release <index>', 'index of the release entry in the log')
    .requiredOption('--artifact <name>', 'name of the artifact in the release')
    .option('--attempt <n>', 'only if this attempt was not made yet: repeating the command then does nothing more')
    .action(async (options: { socket: string; release: string; artifact: string; attempt?: string }) => {
      if (!/^(0|[1-9][0-9]{0,14})$/.test(options.release))
        throw new CliError('usage', `--release: expected the index of an entry, found ${options.release}`);
      if (options.attempt !== undefined && !/^[1-9][0-9]{0,8}$/.test(options.attempt)) {
        throw new CliError('usage', `--attempt: expected 1 or more, found ${options.attempt}`);
      }
      const attempt = options.attempt === undefined ? {} : { attempt: Number(options.attempt) };
      const body = { release: Number(options.release), artifact: options.artifact, ...attempt };
      io.out(await askSocket(options.socket, { method: 'POST', path: '/requeue', body }));
      finish(0);
    });
}

interface EnrolOptions {
  key: string;
  operator: string;
  host: string;
  json?: true;
}

function enrolRequest({ key, operator, host, json }: EnrolOptions): string {
  if (!/^[a-z0-9]+\/[a-z0-9]+$/.test(host)) throw new CliError('usage', `--host: expected a platform such as linux/amd64, found ${host}`);
  if (!/^[^\s#]+$/u.test(operator))
    throw new CliError('usage', `--operator: expected a name without spaces, found ${JSON.stringify(operator)}`);
  const signer = loadSigner(key);
  const vkey = vkeyOf(signer);
  const policy = [`operator ${operator}`, `rebuilder ${signer.name} ${operator} ${host} ${vkey}`];
  const enrol = `verbatim log admin enrol --role rebuilder --vkey '${vkey}' --operator ${operator} --log URL --key ADMINKEY`;
  if (json) {
    return `${JSON.stringify({ role: 'rebuilder', vkey, keyid: keyidOf(signer.name, signer.publicKey), operator, host, policy }, null, 2)}\n`;
  }
  return ['# To the operator of the log, who admits this key with:', enrol, '', '# To users, who add to their policy:', ...policy, ''].join(
    '\n',
  );
}

function socketCommand(
  parent: Command,
  name: string,
  description: string,
  request: { method: 'GET' | 'POST'; path: string },
  io: Io,
  finish: Finish,
): void {
  parent
    .command(name)
    .description(description)
    .requiredOption('--socket <path>', "the node's control socket")
    .action(async (options: { socket: string }) => {
      io.out(await askSocket(options.socket, request));
      finish(0);
    });
}
