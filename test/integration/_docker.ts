import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { REPOSITORY } from '@verbatim/local';
import { GenericContainer, getContainerRuntimeClient, PullPolicy, type StartedTestContainer, Wait } from 'testcontainers';

const run = promisify(execFile);
const SETUP = fileURLToPath(new URL('setup-docker.sh', import.meta.url));
const IMAGE = 'verbatim-test-host:bookworm';
const CONFIG_FOLDER = '/etc/verbatim';

/** Makes docker and the image ready (setup-docker.sh). Disposing ends the daemon, unless it is somebody else's or others use it. A missing tool fails loudly. */
export async function startDocker(): Promise<AsyncDisposable> {
  const { stdout } = await run(SETUP, ['start', String(process.pid)]);
  const said = (name: string): string | undefined => new RegExp(`^${name}=(.+)$`, 'mu').exec(stdout)?.[1];
  const daemon = said('DOCKERD_PID');
  process.env['DOCKER_HOST'] = said('DOCKER_HOST');
  // Ports are published on this machine. Testcontainers would look for it elsewhere on a machine that was once made from an image.
  process.env['TESTCONTAINERS_HOST_OVERRIDE'] ??= '127.0.0.1';
  // Its image is in a registry that need not be reachable; what ends here is removed here.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  return {
    async [Symbol.asyncDispose]() {
      if (daemon !== undefined) await run(SETUP, ['stop', daemon, String(process.pid)]);
    },
  };
}

/** A host that runs one service on its own disk, and knows the files that it is given and no others. */
export interface HostOptions {
  readonly service: 'log' | 'witness';
  /** On a docker network, a container's name is its DNS name. */
  readonly name: string;
  readonly network: string;
  /** A volume, mounted at /data and made when it does not exist. */
  readonly volume: string;
  /** Where `files` are; each is mounted alone, read-only, in /etc/verbatim. One is `<service>.toml`. */
  readonly folder: string;
  readonly files: readonly string[];
  readonly port: number;
}

/**
 * Runs `main.ts serve` of the host's service and resolves when it is ready, or `main.ts init` and resolves when that has ended with 0.
 * @throws Error with everything that the service said; the container is gone then.
 */
export async function runHost(command: 'init' | 'serve', host: HostOptions): Promise<StartedTestContainer> {
  const { service, folder } = host;
  const serves = command === 'serve';
  const output: string[] = [];
  const ended = Promise.withResolvers<void>();
  const container = new GenericContainer(IMAGE)
    .withPullPolicy(PullPolicy.neverPull())
    .withHostname(service)
    .withNetworkMode(serves ? host.network : 'none')
    .withBindMounts([
      { source: REPOSITORY, target: '/repository', mode: 'ro' },
      { source: host.volume, target: '/data' },
      ...host.files.map((file) => ({ source: join(folder, file), target: `${CONFIG_FOLDER}/${file}`, mode: 'ro' as const })),
    ])
    .withCommand([
      '/repository/node_modules/.bin/node',
      `/repository/services/${service}/src/main.ts`,
      command,
      '--config',
      `${CONFIG_FOLDER}/${service}.toml`,
    ])
    .withLogConsumer((stream) => stream.on('data', (chunk) => output.push(String(chunk))).once('end', ended.resolve))
    .withWaitStrategy(serves ? Wait.forLogMessage('"ready":true') : Wait.forOneShotStartup());
  if (serves) container.withName(host.name).withExposedPorts(host.port);
  try {
    return await container.start();
  } catch (cause) {
    await Promise.race([ended.promise, delay(5000)]);
    throw new Error(`${service} ${command}: ${(cause as Error).message}; it said:\n${output.join('')}`, { cause });
  }
}

/** Runs `init` on the host and removes the container; the volume stays. */
export async function initialiseHost(host: HostOptions): Promise<void> {
  await (await runHost('init', host)).stop();
}

/** What a script prints inside a running container. */
export async function inside(container: StartedTestContainer, script: string): Promise<string> {
  const { exitCode, output } = await container.exec(['/repository/node_modules/.bin/node', '-p', script]);
  if (exitCode !== 0) throw new Error(`expected ${script} to end with 0, found ${exitCode}: ${output}`);
  return output;
}

export async function cut(container: StartedTestContainer, network: string): Promise<void> {
  const { container: docker } = await getContainerRuntimeClient();
  await docker.dockerode.getNetwork(network).disconnect({ Container: container.getId() });
}

export async function heal(container: StartedTestContainer, network: string): Promise<void> {
  const { container: docker } = await getContainerRuntimeClient();
  await docker.dockerode.getNetwork(network).connect({ Container: container.getId() });
}

/** SIGKILL; resolves when the container's process is gone, and the container with it. Its volume stays. */
export async function killHost(container: StartedTestContainer): Promise<void> {
  const { container: docker } = await getContainerRuntimeClient();
  await docker.getById(container.getId()).kill({ signal: 'SIGKILL' });
  await container.stop();
}

export async function removeVolume(name: string): Promise<void> {
  const { container: docker } = await getContainerRuntimeClient();
  await docker.dockerode.getVolume(name).remove();
}
