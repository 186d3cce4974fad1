import { LogClient } from '@verbatim/client';
import { recipeTarget } from '@verbatim/statements';
import { aRelease, TEST_TIME } from '@verbatim/testkit';
import { parseVkey } from '@verbatim/tlog';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CACHE, HELLO } from './_hello.ts';
import { Network } from './_network.ts';
import { startRegistry } from './_npm-registry.ts';
import { testFolder } from './_temporary.ts';
import { WORKER_ENTRY } from './worker-setting.ts';

const NAME = 'hello-that-differs';
const PATH = 'package/bin/hello';
const ARTIFACT = HELLO.outputs[0]!.artifact;
const digests = (bytes: Uint8Array) => ({
  sha256: createHash('sha256').update(bytes).digest('hex'),
  sha512: createHash('sha512').update(bytes).digest('hex'),
});

/** Another program than the recipe builds, by the machine's own Go. */
function anotherProgram(): Uint8Array {
  const folder = testFolder();
  writeFileSync(join(folder, 'go.mod'), 'module golang.org/x/example/hello\n\ngo 1.21\n');
  writeFileSync(join(folder, 'main.go'), 'package main\n\nfunc main() { println("hello from another source") }\n');
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod', GOOS: 'linux', GOARCH: 'amd64' };
  execFileSync('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', 'hello', '.'], { cwd: folder, env });
  return new Uint8Array(readFileSync(join(folder, 'hello')));
}

test('a rebuild that differs is built again, varied, and explained in a blob of the log; it stays a differ', async () => {
  const published = anotherProgram();
  await using registry = await startRegistry(NAME, '1.0.0', PATH, published);
  await using network = await Network.start();
  const coordinate = `pkg:npm/${NAME}@1.0.0`;
  const container = { name: `${NAME}-1.0.0.tgz`, ...digests(registry.tarball) };
  const release = aRelease({
    purl: coordinate,
    recipe: HELLO,
    artifacts: [
      { name: ARTIFACT, target: recipeTarget(HELLO, ARTIFACT), coordinate, ...digests(published), member: { path: PATH, container } },
    ],
    claim: { kind: 'registrar', retrieved: [{ uri: coordinate, at: TEST_TIME }] },
  });
  const node = await network.node('differing', { cacheDir: CACHE, environment: registry.environment });
  await network.register(release);
  await node.start({ worker: WORKER_ENTRY });
  await node.until(({ outbox }) => outbox.acknowledged === 1, 280);

  const [seen] = await network.observations(node.signer);
  expect(seen).toMatchObject({ result: 'differ', reason: null, claimed: { sha256: digests(published).sha256 } });
  expect(seen!.evidence.map(({ kind }) => kind)).toEqual(['build-log', 'slsa-provenance', 'difference']);
  const client = new LogClient({ url: network.url, logKey: parseVkey(network.vkey) });
  const blob = await client.getBlob(seen!.evidence[2]!.sha256);
  await client.close();
  const difference = JSON.parse(new TextDecoder().decode(blob!)) as {
    rebuilds: { sha256: string; varied: string[]; kept: { fact: string; why: string }[] }[];
    explanation: { class: string; causes: { code: string }[]; members: unknown[] };
    diffoscope: { kind: string; text: string } | null;
  };
  expect(difference).toMatchObject({
    schemaVersion: 1,
    published: { sha256: digests(published).sha256, size: published.length },
    rebuilt: { sha256: seen!.observed!.sha256 },
    // Varied in all that Go's build can be shown, and the same bytes: it is not the build's surroundings.
    rebuilds: [
      { sha256: seen!.observed!.sha256, varied: expect.arrayContaining(['path', 'zone', 'umask', 'hostname', 'user']) as unknown },
    ],
    explanation: { class: 'unexplained', members: [] },
    diffoscope: { kind: 'report', truncated: expect.any(Boolean) as boolean },
  });
  expect(difference.rebuilds[0]!.kept.map(({ fact }) => fact)).toContain('clock');
  expect(difference.explanation.causes.map(({ code }) => code)).toContain('compiler-version');
  // Once to see what is published, and once to explain, after the last build.
  expect(registry.downloads()).toBe(2);
  expect(readdirSync(join(node.folder, 'work'))).toEqual([]);
  expect(await node.stop()).toBe(0);
});
