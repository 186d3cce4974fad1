/**
 * Nodes on amd64 and arm64 (deploy/arm64: the same service in an arm64 root, emulated) answer for one release, and the client demands both.
 * Emulation takes ten times as long: what is built is one package of a real module. Whole programs are in test/recorded/arm64.md.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ARM64_NODE, makeArm64Root, mustVerbatim, NODES, startNetwork, verbatim, watchObservations, type Network } from '@verbatim/local';
import type { GoRecipe } from '@verbatim/statements';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const VERSION = 'v0.0.0-20250915201037-7f05d217867b';
const PURL = 'pkg:npm/reverse@1.0.0';
const ARTIFACT = 'linux-x64/reverse.a';
const MEMBER = 'package/reverse.a';
const recipe: GoRecipe = {
  kind: 'go',
  version: 1,
  source: {
    kind: 'go-module',
    module: 'golang.org/x/example/hello',
    version: VERSION,
    h1: 'h1:+gZE2jOdiscYByu0606Uw8Ldir2Cecd39Vq/3IEasRA=',
  },
  toolchain: {
    version: 'go1.27.1',
    h1: {
      'linux/amd64': 'h1:MeqkXdYlyiVdqJXENOTyX7xd8QjDM/mxR52RKOFBS0M=',
      'linux/arm64': 'h1:BhjYbTkha2ZqOR13zJ7cl8yLP1Y2RsrE0vqkhjs4lmQ=',
    },
  },
  package: './reverse',
  flags: ['-trimpath', '-buildvcs=false'],
  ldflags: null,
  tags: [],
  env: { CGO_ENABLED: '0' },
  vcs: null,
  outputs: [{ artifact: ARTIFACT, goos: 'linux', goarch: 'amd64', env: {} }],
};
const AMD64_NODES = NODES.slice(0, 2);
/** The toolchains are fetched once a machine. */
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'verbatim');
/** qemu may have to be installed, the root to be made, and the machine may be busy. */
const SETUP_MS = 600_000;
const ANSWER_MS = 540_000;

/** Builds as a publisher does, with a plain go command, and packs it for npm. @returns the file and its package */
async function publish(folder: string): Promise<{ file: string; container: string }> {
  const packed = join(folder, 'package');
  await mkdir(packed);
  const file = join(packed, 'reverse.a');
  const env: NodeJS.ProcessEnv = { ...process.env, GOTOOLCHAIN: 'go1.27.1', CGO_ENABLED: '0', GOARCH: 'amd64' };
  const { stdout } = await run('go', ['mod', 'download', '-json', `golang.org/x/example/hello@${VERSION}`], { cwd: folder, env });
  const { Dir: source } = JSON.parse(stdout) as { Dir: string };
  await run('go', ['build', '-trimpath', '-buildvcs=false', '-o', file, './reverse'], { cwd: source, env });
  await writeFile(join(packed, 'package.json'), JSON.stringify({ name: 'reverse', version: '1.0.0' }));
  await run('npm', ['pack', '--silent', '--pack-destination', folder, packed]);
  return { file, container: join(folder, 'reverse-1.0.0.tgz') };
}

/** A registry of this one package, for npm's own client. */
async function startRegistry(container: string): Promise<Server> {
  const tarball = await readFile(container);
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  const server = createServer(({ url, headers }, response) => {
    if (url === '/reverse-1.0.0.tgz') return response.end(tarball);
    if (url !== '/reverse') return response.writeHead(404).end('{}');
    const dist = { tarball: `http://${headers.host}/reverse-1.0.0.tgz`, integrity };
    const versions = { '1.0.0': { name: 'reverse', version: '1.0.0', dist } };
    return response.setHeader('content-type', 'application/json').end(JSON.stringify({ name: 'reverse', versions }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

describe('nodes of two architectures', () => {
  const stack = new AsyncDisposableStack();
  const usual = process.env['npm_config_registry'];
  let folder: string;
  let network: Network;
  let published: { file: string; container: string };

  beforeAll(async () => {
    await makeArm64Root();
    folder = await mkdtemp(join(tmpdir(), 'verbatim-arm64-'));
    stack.defer(() => rm(folder, { recursive: true }));
    published = await publish(folder);
    const registry = await startRegistry(published.container);
    stack.defer(() => void registry.close());
    process.env['npm_config_registry'] = `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`;
    const dataDir = join(folder, 'data');
    await mkdir(dataDir, { mode: 0o700 });
    network = stack.use(await startNetwork(dataDir, CACHE, () => {}, { nodes: [...AMD64_NODES, ARM64_NODE] }));
    await register();
  }, SETUP_MS);

  afterAll(async () => {
    if (usual === undefined) delete process.env['npm_config_registry'];
    else process.env['npm_config_registry'] = usual;
    await stack.disposeAsync();
  });

  async function register(): Promise<void> {
    const [recipeFile, statement] = [join(folder, 'recipe.json'), join(folder, 'release.json')];
    await writeFile(recipeFile, JSON.stringify(recipe));
    const artifact = `${ARTIFACT}=${published.file},target=linux/amd64,coordinate=${PURL},member=${MEMBER},container=${published.container}`;
    const who = ['--registrar', '--key', network.registrarKey('npm')];
    await mustVerbatim([
      ...['release', 'create', ...who, '--purl', PURL, '--recipe', recipeFile, '--artifact', artifact, '--out', statement],
    ]);
    await mustVerbatim(['release', 'submit', '--policy', network.policy, statement]);
  }

  /** Waits until so many nodes have answered. */
  async function observed(count: number) {
    const found: { node: string; result: string; reason: string | null; host: string }[] = [];
    for await (const { rebuilder, result, reason, host } of watchObservations(network.log.url, PURL, AbortSignal.timeout(ANSWER_MS))) {
      found.push({ node: network.nodeNames.get(rebuilder)!, result, reason, host });
      if (found.length === count) break;
    }
    return found.sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  async function verdict(): Promise<{ verdict: string; exitCode: number; text: string }> {
    // The publisher's copy is on the reader's disk, wherever it came from.
    const file = join(folder, 'downloaded');
    await copyFile(published.file, file);
    const { stdout, exitCode } = await verbatim(['verify', '--json', '--policy', network.policy, '--release', PURL, file]);
    const { results } = JSON.parse(stdout) as { results: { verdict: string }[] };
    const { stdout: text } = await verbatim(['verify', '--policy', network.policy, '--release', PURL, file]);
    return { verdict: results[0]!.verdict, exitCode, text };
  }

  const matchOn = (host: string) => ({ result: 'match', reason: null, host });

  it(
    'are not there yet: two operators on amd64 are enough operators, but insufficient under `distinct arch 2`',
    async () => {
      expect(await readFile(network.policy, 'utf8')).toContain('\ndistinct arch 2\n');
      await network.startNodes(AMD64_NODES);
      expect(await observed(2)).toMatchObject([matchOn('linux/amd64'), matchOn('linux/amd64')]);
      expect(await verdict()).toMatchObject({ verdict: 'insufficient', exitCode: 3, text: expect.stringContaining('arch') });
    },
    SETUP_MS,
  );

  it(
    'agree: with the arm64 node the same file is reproduced',
    async () => {
      await network.startNodes([ARM64_NODE]);
      const [, , emulated] = await observed(3);
      expect(emulated).toEqual({ node: ARM64_NODE.name, ...matchOn('linux/arm64') });
      expect(await verdict()).toMatchObject({ verdict: 'reproduced', exitCode: 0 });
    },
    SETUP_MS,
  );
});
