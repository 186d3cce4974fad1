import { makeControl } from '@verbatim/statements';
import type { ControlPredicate } from '@verbatim/statements';
import { ADMIN, continuedLog, ROOT, testSigner, testVkey } from '@verbatim/testkit';
import type { InMemoryLog } from '@verbatim/testkit';
import { toHex } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LogServer } from '../_log-server.ts';
import { World, verbatim } from '../_world.ts';

const origin = 'log.example/test';
const LOG2 = testSigner(origin, '2');
let world: World;
let server: LogServer;

beforeEach(async () => {
  world = new World();
  world.scene.log.seal();
  server = await LogServer.start(world.scene.log);
  world.policy = world.file('policy', world.policyText(['require 2'], { url: server.url }));
});
afterEach(async () => {
  world[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

const status = (...args: string[]) => verbatim(['log', 'status', ...args], { env: { HOME: world.path } });
const rotation = (old: string): ControlPredicate => ({ action: 'rotate', origin, key: 'log', old, vkey: vkeyOf(LOG2) });

/** The scene's log under its next key, frozen, and with a successor named. */
function ended(): { log: InMemoryLog; at: bigint; size: bigint } {
  const log = continuedLog(world.scene.log, LOG2);
  const at = log.addStatement(makeControl(rotation(world.scene.log.vkey)), ROOT, LOG2);
  log.addStatement(makeControl({ action: 'freeze', origin, reason: 'We move.' }), ROOT);
  const size = log.seal();
  const next = { vkey: testVkey('log.example/next'), rootVkey: testVkey('next-root'), url: 'https://log.example/next/' };
  log.addStatement(makeControl({ action: 'successor', origin, ...next, size: Number(size), root: toHex(log.root()) }), ROOT);
  log.seal();
  return { log, at, size };
}

describe('log status', () => {
  test('says what holds, and since when', async () => {
    const { code, stdout, stderr } = await status('--policy', world.policy);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      `${origin}, size 7: open`,
      `  log       ${world.scene.log.vkey}`,
      `  root      ${vkeyOf(ROOT)}`,
      `  admin     ${vkeyOf(ADMIN)}`,
      '  admits    everything that the rules allow',
      '',
      'Control entries, all by the log’s index root:',
      `       0  ${origin} begins with root key ${vkeyOf(ROOT)} and admin key ${vkeyOf(ADMIN)}`,
      '',
    ]);
  });

  test('follows a log that changed its key and ended, and says where it goes on', async () => {
    const { log, at, size } = ended();
    server.log = log;
    const { code, stdout } = await status('--policy', world.policy);
    expect(code).toBe(0);
    expect(stdout).toContain(`${origin}, size ${log.size}: ended\n`);
    expect(stdout).toContain(`  log       ${vkeyOf(LOG2)}, since entry ${at}\n`);
    expect(stdout).toContain(`  frozen    since entry ${at + 1n}: We move.\n`);
    expect(stdout).toContain(`  successor log.example/next at https://log.example/next/, since entry ${size}\n`);
    expect(stdout).toContain('Read the log on at https://log.example/next/');
    const json = JSON.parse((await status('--policy', world.policy, '--json')).stdout) as object;
    expect(json).toMatchObject({
      schemaVersion: 1,
      exitCode: 0,
      origin,
      complete: true,
      keys: {
        log: [
          { vkey: world.scene.log.vkey, since: null },
          { vkey: vkeyOf(LOG2), since: Number(at) },
        ],
        root: [{}],
        admin: [{}],
      },
      admission: null,
      frozen: { index: Number(at) + 1, reason: 'We move.' },
      successor: { index: Number(size), url: 'https://log.example/next/' },
      findings: [],
    });
    // The other commands that have a policy follow it, too.
    expect(
      (await verbatim(['log', 'entries', '--policy', world.policy, '--from', String(at)], { env: { HOME: world.path } })).stdout,
    ).toMatch(/^\d+ {2}control rotate\n/);
    const copy = ['log', 'export', '--policy', world.policy, '--to', join(world.path, 'copy')];
    for (const command of [['log', 'fsck', '--policy', world.policy], copy, copy]) {
      expect(await verbatim(command, { env: { HOME: world.path } })).toMatchObject({ code: 0, stderr: '' });
    }
  });

  test('is not taken in by what another key said, and ends with 1', async () => {
    const { log } = world.scene;
    const at = log.addStatement(makeControl({ action: 'freeze', origin, reason: 'A joke.' }), ADMIN);
    log.seal();
    const { code, stdout } = await status('--policy', world.policy);
    expect(code).toBe(1);
    expect(stdout).toContain(': open\n');
    expect(stdout).toContain(`✗ entry ${at}: expected a signature by the root key`);
  });

  test('ends with 4 when the log does not prove that its control entries are all', async () => {
    server.seals = false;
    world.scene.observe(0);
    const { code, stdout } = await status('--policy', world.policy);
    expect(stdout).toContain('the log did not prove that they are all');
    expect(code).toBe(4);
  });

  test('needs a root key, and a log that answers', async () => {
    const named = ['--log', server.url, '--vkey', world.scene.log.vkey];
    const missing = await status(...named);
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain('name the log’s root key with --root');
    expect((await status(...named, '--root', vkeyOf(ROOT))).code).toBe(0);
    expect((await status(...named, '--root', testVkey('other-root'))).code).toBe(1);
    expect((await status('--log', 'http://127.0.0.1:9/', '--vkey', world.scene.log.vkey, '--root', vkeyOf(ROOT))).code).toBe(4);
  });
});
