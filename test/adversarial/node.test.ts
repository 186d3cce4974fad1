import { hostPlatform } from '@verbatim/builder';
import type { ObservationPredicate, Recipe } from '@verbatim/statements';
import { aRelease, TEST_TIME } from '@verbatim/testkit';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Network, type TestNode } from '../../services/rebuilder/src/_network.ts';
import { WORKER_ENTRY } from '../../services/rebuilder/src/worker-setting.ts';
import { serveGit, type GitServer } from './_git-server.ts';
import { CACHE, commitOf, goRecipe, hex, rustHere, rustRecipe, scratchFolder, type Extras } from './_lab.ts';
import { seenTable } from './_seen.ts';

/** Hundreds of MiB and minutes are for honest builds. */
const LIMITS = 'memory_mib = 320\nprocesses = 96\ndisk_mib = 96\ncpu_seconds = 60\nbuild_seconds = 120\nlog_kib = 64\n';

const scratch = scratchFolder();
let network: Network;
let node: TestNode;
let git: GitServer;
let recipeOf: (name: string, source: string, extras: Extras, env: Readonly<Record<string, string>>) => Recipe;
let releases = 0;

/** A host of the node's, which no build may reach. */
let reached = 0;
const listener = createServer(() => void reached++);

beforeAll(async () => {
  const rust = await rustHere();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  git = await serveGit(scratch.path);
  process.env['GIT_SSL_CAINFO'] = git.certificate;
  network = await Network.start();
  node = await network.node('attacked', { cacheDir: CACHE, toml: LIMITS });
  recipeOf = (name, source, extras, env) => {
    const commit = { ...commitOf(join(scratch.path, name), source, extras), url: git.urlOf(name) };
    return source === 'rust' ? rustRecipe(commit, rust, env) : goRecipe(commit);
  };
  await node.start({ worker: WORKER_ENTRY });
});
afterAll(async () => {
  delete process.env['GIT_SSL_CAINFO'];
  await network[Symbol.asyncDispose]();
  await git[Symbol.asyncDispose]();
  listener.close();
  scratch[Symbol.dispose]();
});

/** Registers a release that nobody published, and waits for the node's observation of it. */
async function observed(name: string, recipe: Recipe): Promise<ObservationPredicate> {
  const purl = `pkg:npm/${name}@1.0.${releases++}`;
  const index = await network.register(
    aRelease({
      purl,
      recipe,
      artifacts: [],
      unpublished: [{ name: 'hostile', target: hostPlatform() }],
      claim: { kind: 'registrar', retrieved: [{ uri: purl, at: TEST_TIME }] },
    }),
  );
  await node.until(({ outbox }) => outbox.acknowledged === releases && outbox.pending === 0, 240);
  const all = await network.observations(node.signer);
  return all.find(({ release }) => BigInt(release.index) === index)!;
}

const saw = seenTable('One node, hostile releases one after the other');

test('a node that is given hostile releases says what each came to, goes on, and keeps its key', async () => {
  const key = `${node.folder}.key`;
  const [text, { mode }] = [readFileSync(key, 'utf8'), statSync(key)];
  const env = {
    PORT: String((listener.address() as AddressInfo).port),
    NAME: 'nobody',
    SOCKET: hex(node.socket),
    KEY: hex(key),
    JOB: hex(join(node.folder, 'work')),
    CACHE: hex(CACHE),
  };
  const attacks: readonly (readonly [string, string, Extras, Readonly<Record<string, string>>, string])[] = [
    ['link-to-key', 'go/hello', { links: { 'go.mod': key } }, {}, 'input-unavailable, unsafe-source'],
    ['snoop', 'rust', {}, { ...env, ATTACK: 'snoop' }, 'built, null'],
    ['fork-bomb', 'rust', {}, { ATTACK: 'fork-bomb' }, 'build-failed, process-limit'],
    ['honest', 'rust', {}, {}, 'built, null'],
  ];
  const digests: Record<string, string | undefined> = {};
  for (const [name, source, extras, variables, expected] of attacks) {
    const started = performance.now();
    const seen = await observed(name, recipeOf(name, source, extras, variables));
    const reported = `${seen.result}, ${seen.reason}`;
    saw(name, reported, (performance.now() - started) / 1000);
    expect(`${name}: ${reported}`, node.service!.stderr.slice(-3000)).toBe(`${name}: ${withoutGroups(expected, seen)}`);
    digests[name] = seen.observed?.sha256;
    for (const { kind, sha256 } of seen.evidence) if (kind === 'build-log') expect(await blob(sha256)).not.toContain('PRIVATE');
  }
  expect(digests['snoop']).toBe(digests['honest']);
  expect(reached).toBe(0);
  expect(readFileSync(key, 'utf8')).toBe(text);
  expect(statSync(key).mode).toBe(mode);
  expect(readdirSync(join(node.folder, 'work'))).toEqual([]);
  expect((await node.status()).state).toBe('running');
  expect(await node.stop()).toBe(0);
});

/** Nobody counts refused forks without control groups. */
function withoutGroups(expected: string, { sandbox }: ObservationPredicate): string {
  return sandbox.limits === 'rlimit' && expected.endsWith('process-limit') ? 'build-failed, exit-code' : expected;
}

async function blob(sha256: string): Promise<string> {
  const response = await fetch(new URL(`blobs/${sha256}`, network.url));
  expect(response.status).toBe(200);
  return response.text();
}
