import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { Command } from 'commander';
import { makeArm64Root } from './arm64-root.ts';
import { runChecks, type Check } from './checks.ts';
import { ARM64_NODE, HOST_PLATFORM, NODES, type Node } from './configuration.ts';
import { startNetwork, type Network } from './network.ts';
import { watchObservations } from './observations.ts';
import { REPOSITORY } from './processes.ts';
import { ESBUILD, registerRelease, SHFMT, type MainRelease, type RegisteredRelease } from './release.ts';

/** The main job: a whole network on one machine rebuilds a real release, and the client judges three files. See `--help`. */

/** No build of this release takes so long; whoever waits longer waits for something that will not come. */
const REBUILD_MINUTES = 45;

interface Options {
  readonly arm64?: true;
  readonly json?: true;
  readonly keep?: true;
  readonly mirror?: true;
  readonly data: string;
}

const command = new Command('npm start --')
  .description(
    'Start a log, a witness and three rebuilders on this machine, rebuild esbuild 0.25.0 as npm serves it, and judge three files.\nExit code 0 only if every file got its expected verdict.',
  )
  .option(
    '--arm64',
    'add a node on linux/arm64, emulated, and demand both architectures; the release is shfmt-py 4.2.0 then, for this machine’s own platform alone',
  )
  .option('--mirror', 'run a witness and a mirror of the log beside each node, each role with a key of its own')
  .option('--json', 'print exactly one JSON object on stdout; progress goes to stderr')
  .option('--keep', 'leave the services running until SIGINT or SIGTERM')
  .option('--data <folder>', 'keys, log and node data; a second run on it adds nothing', join(REPOSITORY, 'data'))
  .showHelpAfterError()
  // Wrong usage is 2, as everywhere here.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));

async function main(options: Options): Promise<number> {
  const begun = performance.now();
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error(`stopped by ${name}`)));
  const elapsed = (): number => Math.round((performance.now() - begun) / 100) / 10;
  const progress = (line: string): void => void process.stderr.write(`[${elapsed().toFixed(1).padStart(6)} s] ${line}\n`);

  if (options.arm64) {
    progress('making the root of the arm64 node, unless it is there');
    await makeArm64Root();
  }
  const { release, nodes } = jobOf(options);
  const dataDir = resolve(options.data);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await using network = await startNetwork(dataDir, cacheFolder(), progress, {
    nodes,
    ecosystems: [release.ecosystem],
    mirror: options.mirror === true,
  });
  const key = network.registrarKey(release.ecosystem);
  const registered = await registerRelease(release, { policy: network.policy, key, dataDir }, progress);
  await network.startNodes();
  await rebuilt(network, nodes, release, progress, stop.signal);
  progress('every node has answered; now the client checks three files, trusting only its policy');
  const checks = await runChecks(release, registered.publishedFile, network.policy, dataDir);
  const ok = checks.every(({ verdict, expected }) => verdict === expected);

  if (options.json) process.stdout.write(`${JSON.stringify(summary(network, nodes, checks, elapsed()))}\n`);
  else process.stdout.write(report(network, registered, checks, ok, options));
  if (options.keep) {
    progress('the services are running; Ctrl-C stops them');
    if (!stop.signal.aborted) await Promise.race([once(stop.signal, 'abort'), network.broken]);
    progress('stopping');
  }
  return ok ? 0 : 1;
}

/** What is rebuilt by whom. An emulated node has time for one file: with it, every node rebuilds what the client will check, and no more. */
function jobOf({ arm64 }: Options): { readonly release: MainRelease; readonly nodes: readonly Node[] } {
  if (!arm64) return { release: ESBUILD, nodes: NODES };
  return { release: SHFMT, nodes: [...NODES, ARM64_NODE].map((node) => ({ ...node, targets: [HOST_PLATFORM] })) };
}

/** Downloads that are pinned by hash and checked at each use are worth keeping over runs. */
function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'verbatim');
}

/** Waits until each node has an observation of each artifact that it rebuilds in the published log. */
async function rebuilt(
  network: Network,
  nodes: readonly Node[],
  { purl, artifacts }: MainRelease,
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const waitingFor = new Set(
    nodes.flatMap(({ name, targets }) =>
      artifacts.filter(({ target }) => targets?.includes(target) ?? true).map(({ name: artifact }) => `${name} ${artifact}`),
    ),
  );
  progress(`${nodes.length} nodes fetch the sources and the toolchain, then compile without network: a few minutes on two cores`);
  const watch = async (): Promise<void> => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(REBUILD_MINUTES * 60_000)]);
    for await (const { index, rebuilder, artifact, result, reason, host, seconds } of watchObservations(network.log.url, purl, limit)) {
      const name = network.nodeNames.get(rebuilder) ?? rebuilder;
      waitingFor.delete(`${name} ${artifact}`);
      progress(
        `entry ${index}: ${name} on ${host} observed ${artifact}: ${result}${reason === null ? '' : ` (${reason})`}, after ${seconds} s`,
      );
      if (waitingFor.size === 0) return;
    }
  };
  await Promise.race([watch(), network.broken]);
}

function summary(network: Network, nodes: readonly Node[], checks: readonly Check[], seconds: number): unknown {
  return {
    log: network.log,
    mirrors: network.mirrors,
    policy: network.policy,
    nodes: nodes.map(({ name, operator, hostPlatform }) => ({ name, operator, hostPlatform })),
    checks: checks.map(({ name, file, digest, verdict, exitCode, bundle }) => ({ name, file, digest, verdict, exitCode, bundle })),
    seconds,
  };
}

function report(network: Network, release: RegisteredRelease, checks: readonly Check[], ok: boolean, options: Options): string {
  const here = (path: string): string => (relative(process.cwd(), path).startsWith('..') ? path : relative(process.cwd(), path));
  const policy = here(network.policy);
  const [published] = checks;
  return `
${checks.map(({ name, file, text }) => `── ${name}: ${here(file)}\n${text}`).join('\n')}
${ok ? 'All three verdicts are as they should be.' : `NOT AS EXPECTED: ${checks.map(({ name, verdict, expected }) => `${name}: expected ${expected}, found ${verdict}`).join('; ')}`}

pages     ${network.log.url}/  (this release: /releases/${release.index})${options.keep ? '' : '  while running: npm start -- --keep'}
log data  ${here(network.log.dataDir)}
${network.mirrors.map(({ url }) => `mirror    ${url}\n`).join('')}policy    ${policy}
bundle    ${here(published!.bundle!)}

Try next
  npx verbatim verify --offline --policy ${policy} --bundle ${here(published!.bundle!)} ${here(published!.file)}
  npx verbatim policy show --policy ${policy}
  npx verbatim recipe infer ${here(published!.file)}
`;
}

command.action(async (options: Options) => {
  process.exitCode = await main(options).catch((error: unknown) => {
    process.stderr.write(`npm start: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  });
});
await command.parseAsync();
