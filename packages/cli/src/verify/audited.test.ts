import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeControl } from '@verbatim/statements';
import { anEnrolment, contentOf, continuedLog, testSigner } from '@verbatim/testkit';
import { toHex } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LogServer } from '../_log-server.ts';
import { checkedOutput } from '../_schema.ts';
import { World, verbatim } from '../_world.ts';

/** The command is bundled into a folder of its own; its database is where the repository's packages are. */
const NODE_PATH = fileURLToPath(new URL('../../../../node_modules', import.meta.url));

let world: World;
let server: LogServer;
let file: string;
let env: Record<string, string>;

beforeEach(async () => {
  world = new World();
  world.scene.observe(0);
  world.scene.observe(1);
  world.scene.log.seal();
  server = await LogServer.start(world.scene.log);
  world.policy = world.file('policy', world.policyText(['require 2', 'completeness audited'], { url: server.url }));
  file = world.file('esbuild', contentOf('linux-x64/bin/esbuild'));
  env = { HOME: world.path, NODE_PATH };
});
afterEach(async () => {
  world[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

const verify = (...args: string[]) => verbatim(['verify', '--policy', world.policy, ...args], { env });

describe('verify under a policy that demands an audit', () => {
  test('is as good as the last audit on this machine: of this very checkpoint', async () => {
    expect((await verify(file)).code).toBe(4);
    expect((await verbatim(['log', 'audit', '--policy', world.policy], { env })).code).toBe(0);
    const { code, stdout } = await verify(file);
    expect(code).toBe(0);
    expect(stdout).toContain('complete and audited by this machine: sound');
    world.scene.observe(2);
    world.scene.log.seal();
    expect((await verify(file)).code).toBe(4);
  });

  test('--audit makes it so, reading what is new, and a bundle of that checkpoint is as good offline', async () => {
    const bundle = join(world.path, 'saved.json');
    const first = await verify(file, '--audit', '--json', '--save-bundle', bundle);
    expect(first.code).toBe(0);
    expect(checkedOutput(first.stdout).results[0]).toMatchObject({ completeness: 'complete-and-audited', auditedBy: ['this machine'] });
    expect((await verify(file, '--offline', '--bundle', bundle)).code).toBe(0);
    expect((await verbatim(['verify', '--policy', world.policy, '--offline', '--bundle', bundle, file])).code).toBe(4);
    world.scene.observe(2);
    world.scene.log.seal();
    expect((await verify(file, '--audit')).code).toBe(0);
  });

  test('--audit finds what the log left out of its index, whatever file it was asked about', async () => {
    const { log } = world.scene;
    world.scene.observe(2, { result: 'differ' });
    const said = { action: 'index-root', origin: log.origin, size: Number(log.size), root: '00'.repeat(32) } as const;
    log.addStatement(makeControl(said), log.signer);
    world.scene.observe(2, { attempt: 2 });
    log.seal();
    const { code, stdout } = await verify(file, '--audit');
    expect(code).toBe(1);
    expect(stdout.split('\n')[0]).toMatch(/^✗ SECURITY ERROR .*wrong index: entry \d+, wrong-root/);
  });

  test('--audit reads the log, which --bundle does without', async () => {
    expect((await verify(file, '--audit', '--bundle', 'x')).code).toBe(2);
  });
});

describe('verify --audit of a log that went on as another', () => {
  const keys = { log: testSigner('next.example/log'), root: testSigner('next-root'), admin: testSigner('next-admin') };
  let next: LogServer;

  beforeEach(async () => {
    const { log, root } = world.scene;
    const { origin } = log;
    const size = Number(log.size);
    const hash = toHex(log.root());
    const goesOn = continuedLog(log, keys.log);
    next = await LogServer.start(goesOn);
    const successor = { vkey: vkeyOf(keys.log), rootVkey: vkeyOf(keys.root), size, root: hash, url: `${next.url}/` };
    log.addStatement(makeControl({ action: 'successor', origin, ...successor }), root);
    const offices = { root: vkeyOf(keys.root), admin: vkeyOf(keys.admin) };
    const predecessor = { origin, size, root: hash };
    goesOn.addStatement(makeControl({ action: 'genesis', origin: goesOn.origin, ...offices, predecessor }), keys.root);
    goesOn.add(log.entry(BigInt(size)));
    goesOn.seal();
  });
  afterEach(() => next[Symbol.asyncDispose]());

  test('audits that one, and remembers it for bundles', async () => {
    expect((await verbatim(['log', 'audit', '--policy', world.policy], { env })).code).toBe(0);
    expect((await verify(file)).code).toBe(4);
    const bundle = join(world.path, 'saved.json');
    const { code, stdout } = await verify(file, '--audit', '--json', '--save-bundle', bundle);
    expect(code).toBe(0);
    expect(checkedOutput(stdout).results[0]).toMatchObject({
      completeness: 'complete-and-audited',
      auditedBy: ['this machine'],
      checkpoint: { origin: 'next.example/log' },
    });
    expect((await verify(file)).code).toBe(0);
    expect((await verify(file, '--offline', '--bundle', bundle)).code).toBe(0);
    expect((await verbatim(['verify', '--policy', world.policy, '--offline', '--bundle', bundle, file])).code).toBe(4);
  });

  test('finds what that one left out of its index', async () => {
    const { log } = next;
    log.addStatement(anEnrolment(testSigner('delta-1')), keys.admin);
    const said = { action: 'index-root', origin: log.origin, size: Number(log.size), root: '00'.repeat(32) } as const;
    log.addStatement(makeControl(said), keys.log);
    log.addStatement(anEnrolment(testSigner('zeta-1')), keys.admin);
    const { code, stdout } = await verify(file, '--audit');
    expect(code).toBe(1);
    expect(stdout.split('\n')[0]).toMatch(/^✗ SECURITY ERROR .*next\.example\/log has a wrong index: entry \d+, wrong-root/);
  });

  test('knows it by the name that it was given, whichever key it signs with by now', async () => {
    expect((await verify(file, '--audit')).code).toBe(0);
    const { origin } = next.log;
    const later = testSigner(origin, 'later');
    const rotation = { action: 'rotate', origin, key: 'log', old: vkeyOf(keys.log), vkey: vkeyOf(later) } as const;
    next.log.addStatement(makeControl(rotation), keys.root, later);
    next.log = continuedLog(next.log, later);
    next.log.seal();
    expect((await verify(file)).code).toBe(4);
    const bundle = join(world.path, 'later.json');
    expect((await verify(file, '--audit', '--save-bundle', bundle)).code).toBe(0);
    expect((await verify(file, '--offline', '--bundle', bundle)).code).toBe(0);
    expect(readdirSync(join(world.path, '.local/state/verbatim/audited'))).toHaveLength(1);
  });
});
