import { build, detectSandbox, limitsOf, planBuild } from '@verbatim/builder';
import { aRelease, TEST_TIME } from '@verbatim/testkit';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, writeFileSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CACHE, HELLO as recipe } from './_hello.ts';
import { Network, type TestNode } from './_network.ts';
import { testFolder } from './_temporary.ts';
import { WORKER_ENTRY } from './worker-setting.ts';

/** Nobody published it, so that the test needs no registry but Go's; receiving is packages/builder's and the main job's business. */
const release = aRelease({
  purl: 'pkg:npm/hello@0.0.1',
  recipe,
  artifacts: [],
  unpublished: [{ name: 'bin/hello', target: 'linux/amd64' }],
  claim: { kind: 'registrar', retrieved: [{ uri: 'pkg:npm/hello@0.0.1', at: TEST_TIME }] },
});
/** The same as by `go build` of go1.23.5 in a plain folder. */
const OBSERVED = 'b193fae023a64150cd3593740a90c2d8a943350ae29f15fd46a676eb5e4bc604';
let network: Network;
let node: TestNode;
let index: bigint;
beforeAll(async () => {
  network = await Network.start();
  node = await network.node('real', { cacheDir: CACHE });
});
afterAll(() => network[Symbol.asyncDispose]());

/** Process ids of all descendants. */
function descendants(pid: number): number[] {
  const parents = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(/ +/).filter(Boolean).map(Number) as [number, number]);
  const children = parents.filter(([, parent]) => parent === pid).map(([child]) => child);
  return [...children, ...children.flatMap(descendants)];
}

/** All descendants, once the compiler works in the sandbox. */
async function sandboxed(pid: number): Promise<number[]> {
  for (const end = Date.now() + 120_000; Date.now() < end; await sleep(100)) {
    const found = descendants(pid);
    if (found.some((each) => existsSync(`/proc/${each}`) && programOf(each).startsWith('/build/go/'))) return found;
  }
  throw new Error(`no build within 120 s: ${node.service!.stderr.slice(-3000)}`);
}

/** Whether a process has these bytes anywhere in its writable memory. */
function hasInMemory(pid: number, wanted: readonly Uint8Array[]): boolean {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
      const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
      if (match === null) continue;
      const [start, end] = [BigInt(`0x${match[1]}`), BigInt(`0x${match[2]}`)];
      const chunk = Buffer.alloc(Number(end - start > 1n << 26n ? 1n << 26n : end - start));
      for (let at = start; at < end; at += BigInt(chunk.length)) {
        const read = readOrNothing(memory, chunk, at);
        if (wanted.some((bytes) => chunk.subarray(0, read).includes(bytes))) return true;
      }
    }
    return false;
  } finally {
    closeSync(memory);
  }
}

function readOrNothing(file: number, chunk: Buffer, at: bigint): number {
  try {
    return readSync(file, chunk, 0, chunk.length, at);
  } catch {
    // Guard pages cannot be read.
    return 0;
  }
}

const programOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');

describe('a real worker', () => {
  test('rebuilds a real program in its sandbox, and neither it nor anything it starts has the key', async () => {
    index = await network.register(release);
    await node.start({ worker: WORKER_ENTRY });
    const keyText = readFileSync(`${node.folder}.key`, 'utf8');
    // PRIVATE+KEY+name+hex8+base64, where base64 has plus signs of its own.
    const base64 = keyText.split('+').slice(4).join('+').replace('\n', '');
    expect(base64).toHaveLength(44);
    const secrets = [new Uint8Array(Buffer.from(base64, 'base64').subarray(1)), new Uint8Array(Buffer.from(base64))];
    expect(hasInMemory(node.service!.child.pid!, secrets)).toBe(true);

    const nodeProgram = programOf(node.service!.child.pid!);
    let looked = 0;
    const end = Date.now() + 280_000;
    while (Date.now() < end) {
      const { outbox } = await node.status();
      if (outbox.acknowledged === 1) break;
      for (const pid of descendants(node.service!.child.pid!)) {
        try {
          const program = programOf(pid);
          // Forked by the node, and not yet another program: still the node itself.
          if (program === nodeProgram) continue;
          const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
          const files = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
          expect(environment).not.toContain(base64);
          expect(environment).not.toContain(node.folder.concat('.key'));
          expect(files.filter((file) => file.startsWith(`${node.folder}/`) && !file.includes('/work/'))).toEqual([]);
          expect({ program, hasKey: hasInMemory(pid, secrets) }).toEqual({ program, hasKey: false });
          looked++;
        } catch (error) {
          // It ended while we looked; an assertion is no failed system call.
          if (!(error instanceof Error && 'syscall' in error)) throw error;
        }
      }
    }
    expect(looked).toBeGreaterThan(3);

    const [seen] = await network.observations(node.signer);
    expect(seen).toMatchObject({
      result: 'built',
      observed: { sha256: OBSERVED },
      toolchain: [{ name: 'go', version: 'go1.23.5', host: 'linux/amd64', digest: recipe.toolchain.h1['linux/amd64'] }],
      sandbox: { executor: 'bubblewrap', network: 'none' },
    });
    expect(seen!.evidence.map(({ kind }) => kind)).toEqual(['build-log', 'slsa-provenance']);
    expect(readdirSync(join(node.folder, 'work'))).toEqual([]);
  });

  test.each([
    ['SIGTERM', 0],
    ['SIGKILL', 'SIGKILL'],
  ] as const)('and everything in its sandbox is gone after %s, in the middle of a build', async (signal, ending) => {
    if (node.service!.child.exitCode !== null || node.service!.child.signalCode !== null) await node.start({ worker: WORKER_ENTRY });
    await node.control('POST', '/requeue', { release: Number(index), artifact: 'bin/hello', attempt: 2 });
    const started = await sandboxed(node.service!.child.pid!);
    expect(await node.stop(signal)).toBe(ending);
    const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);
    for (let waited = 0; started.some(isAlive) && waited < 1000; waited++) await sleep(100);
    expect(started.filter(isAlive)).toEqual([]);
  });

  test('builds the same again after all that', async () => {
    await node.start({ worker: WORKER_ENTRY });
    await node.until(({ outbox }) => outbox.acknowledged === 2, 280);
    const seen = await network.observations(node.signer);
    expect(seen.map(({ attempt, observed }) => [attempt, observed?.sha256])).toEqual([
      [1, OBSERVED],
      [2, OBSERVED],
    ]);
    expect(await node.stop()).toBe(0);
    expect(readdirSync(join(node.folder, 'work'))).toEqual([]);
  });

  test('shows a build neither the key nor the node’s folder', async () => {
    const folder = testFolder();
    const inputs = { folders: { source: join(folder, 'source'), modules: join(folder, 'modules'), toolchain: join(folder, 'go') } };
    for (const path of Object.values(inputs.folders)) mkdirSync(path);
    writeFileSync(join(inputs.folders.source, 'input'), '');
    const plan = planBuild(recipe, recipe.outputs[0]!.artifact, { platform: 'linux/amd64', cpus: 1 });
    const key = `${node.folder}.key`;
    const outcome = await build({
      // What no recipe can ask for: a shell that looks for the key by itself.
      plan: {
        ...plan,
        programs: ['sh', 'cat', 'ls'],
        argv: [
          '/bin/sh',
          '-c',
          `/bin/cat ${key} ${node.folder}/state/rebuilder.db; /bin/ls ${node.folder}; /bin/cat /proc/*/environ; exit 7`,
        ],
      },
      fetched: inputs,
      sandbox: await detectSandbox(),
      limits: limitsOf({ wallSeconds: 30 }),
      workDir: join(folder, 'work'),
      outDir: join(folder, 'out'),
    });
    expect(outcome).toMatchObject({ kind: 'build-failed', exitCode: 7 });
    const log = readFileSync(join(folder, 'out', 'build.log'), 'utf8');
    expect(log.match(/No such file or directory/g)).toHaveLength(3);
    expect(log).not.toContain('PRIVATE');
  });
});
