import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeControl } from '@verbatim/statements';
import { forkedLog } from '@verbatim/testkit';
import type { InMemoryLog } from '@verbatim/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LogServer } from '../_log-server.ts';
import { World, verbatim } from '../_world.ts';

/** The command is bundled into a folder of its own; its database is where the repository's packages are. */
const NODE_PATH = fileURLToPath(new URL('../../../../node_modules', import.meta.url));

let world: World;
let server: LogServer;
let env: Record<string, string>;

beforeEach(async () => {
  world = new World();
  world.scene.log.seal();
  world.scene.observe(0);
  world.scene.log.seal();
  server = await LogServer.start(world.scene.log);
  world.policy = world.file('policy', world.policyText(['require 2'], { url: server.url }));
  env = { HOME: world.path, NODE_PATH };
});
afterEach(async () => {
  world[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

const audit = (...args: string[]) => verbatim(['log', 'audit', '--policy', world.policy, ...args], { env });
const auditJson = async (...args: string[]) => JSON.parse((await audit('--json', ...args)).stdout) as Record<string, unknown>;

/** An index root that leaves out everything. */
function addWrongRoot(log: InMemoryLog): bigint {
  const said = { action: 'index-root', origin: log.origin, size: Number(log.size), root: '00'.repeat(32) } as const;
  return log.addStatement(makeControl(said), log.signer);
}

describe('log audit', () => {
  test('says that the index is complete, to people and in JSON, and says no more in a pipe', async () => {
    const { code, stdout, stderr } = await audit();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^✓ complete and audited {2}log\.example\/test, size \d+\n {2}root [0-9a-f]{64}\n {2}\d+ entries were read/);
    expect(await auditJson()).toMatchObject({
      schemaVersion: 1,
      exitCode: 0,
      checkpoint: { size: Number(world.scene.log.size) },
      findings: [],
    });
  });

  test('goes on where the last audit ended, and reads only what is new', async () => {
    const { log } = world.scene;
    expect(await auditJson()).toMatchObject({ entries: Number(log.size) });
    world.scene.observe(1);
    log.seal();
    expect(await auditJson()).toMatchObject({ exitCode: 0, entries: 2 });
    expect(await auditJson()).toMatchObject({ exitCode: 0, entries: 0 });
    const other = join(world.path, 'elsewhere');
    expect(await auditJson('--data', other)).toMatchObject({ exitCode: 0, entries: Number(log.size) });
    expect(readdirSync(other)).toContain('index.sqlite');
  });

  test('remembers which checkpoint it audited', async () => {
    await audit();
    const [folder] = readdirSync(join(world.path, '.local/state/verbatim/audited'));
    const [name] = readdirSync(join(world.path, '.local/state/verbatim/audited', folder!));
    expect(name).toMatch(new RegExp(`^${world.scene.log.size}-[0-9a-f]{64}$`));
  });

  test('names a wrong index root, saves the evidence, ends with 1, and does not forget', async () => {
    const { log } = world.scene;
    world.scene.observe(1, { result: 'differ' });
    const index = addWrongRoot(log);
    const { code, stdout } = await audit();
    expect(code).toBe(1);
    expect(stdout).toContain('✗ wrong index');
    expect(stdout).toMatch(new RegExp(`entry ${index}, wrong-root: expected the root [0-9a-f]{64}`));
    const path = /evidence: (.*)\n/.exec(stdout)![1]!;
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ code: 'bad-index', finding: { kind: 'wrong-root' } });
    world.scene.observe(2);
    log.seal();
    expect((await audit()).code).toBe(1);
    expect(readdirSync(join(world.path, '.local/state/verbatim'))).not.toContain('audited');
  });

  test('catches a fork with what it audited before', async () => {
    await audit();
    const fork = forkedLog(world.scene.log, world.scene.log.size - 2n);
    fork.addStatement(makeControl({ action: 'freeze', origin: fork.origin, reason: 'another history' }), world.scene.root);
    fork.seal();
    server.log = fork;
    const { code, stderr } = await audit();
    expect(code).toBe(1);
    expect(stderr).toContain('two histories');
  });

  test('audits a copy in a folder by itself, the checkpoint included', async () => {
    const folder = join(world.path, 'copy');
    for (const [path, bytes] of world.scene.log.tiles()) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
    const size = Number(world.scene.log.size);
    world.scene.observe(1);
    world.scene.log.seal();
    await audit();
    // Older than what was seen of the log, which is no lie.
    expect(await auditJson(folder)).toMatchObject({ exitCode: 0, checkpoint: { size }, entries: size });
  });

  test('cannot judge a log that does not answer, and refuses a wrong command line', async () => {
    server.answer = (_request, response) => {
      response.destroy();
      return true;
    };
    expect((await audit()).code).toBe(4);
    expect((await audit(server.url, '--log', server.url)).code).toBe(2);
    expect((await audit('a', 'b')).code).toBe(2);
    expect((await audit(join(world.path, 'nowhere'))).code).toBe(4);
  });
});
