import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashLeaf, openCheckpoint, parseTlogProof, parseVkey, verifyInclusion } from '@verbatim/tlog';
import { verifyEd25519, vkeyOf } from '@verbatim/tlog/node';
import { withEntryRewritten } from '@verbatim/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LogServer } from '../_log-server.ts';
import { run } from '../run.ts';
import { World, verbatim } from '../_world.ts';
import { logExitCodes } from './exit-code.ts';

let world: World;
let server: LogServer;
/** A home of its own: checkpoints are remembered there. */
let env: Record<string, string>;

beforeEach(async () => {
  world = new World();
  world.scene.observe(0);
  world.scene.log.seal();
  server = await LogServer.start(world.scene.log);
  world.policy = world.file('policy', world.policyText(['require 2'], { url: server.url }));
  env = { HOME: world.path };
});
afterEach(async () => {
  world[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

describe('log entries', () => {
  test('prints every entry, verified', async () => {
    const { log } = world.scene;
    const { code, stdout } = await verbatim(['log', 'entries', '--log', server.url, '--vkey', log.vkey], { env });
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(Number(log.size));
    expect(lines[0]).toBe('0  control genesis');
    expect(lines[1]).toBe('1  roster enrol registrar registrar-npm');
    expect(lines[5]).toBe('5  release pkg:npm/esbuild@0.25.0 (1 of 1) by a registrar: linux-x64/bin/esbuild');
    expect(lines[6]).toMatch(
      /^6 {2}observation match of linux-x64\/bin\/esbuild of entry 5, attempt 1, by [0-9a-f]{8}: sha256:[0-9a-f]{64}$/,
    );
  });

  test('prints a range as JSON, from the policy’s log', async () => {
    const { code, stdout } = await verbatim(['log', 'entries', '--policy', world.policy, '--from', '5', '--to', '7', '--json'], { env });
    expect(code).toBe(0);
    const entries = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { index: number; statement: { predicateType: string } });
    expect(entries.map(({ index, statement }) => [index, statement.predicateType])).toEqual([
      [5, 'urn:verbatim:release:v1'],
      [6, 'urn:verbatim:observation:v1'],
    ]);
    expect((await verbatim(['log', 'entries', '--policy', world.policy, '--to', '99'], { env })).code).toBe(2);
    expect((await verbatim(['log', 'entries', '--policy', world.policy, '--from', '01'], { env })).code).toBe(2);
  });

  test('prints nothing of a log whose key is another', async () => {
    using other = new World({ origin: 'other.example/log' });
    const { code, stdout } = await verbatim(['log', 'entries', '--log', server.url, '--vkey', other.scene.log.vkey], { env });
    expect(code).toBe(1);
    expect(stdout).toBe('');
  });

  test('ends with 1 where an entry is not the one in the tree, whatever it printed before', async () => {
    const rewritten = withEntryRewritten(world.scene.log, 3n, new TextEncoder().encode('{}'));
    server.answer = (request, response) => {
      const path = request.url!.slice(1);
      if (!path.startsWith('tile/entries/')) return false;
      response.end(rewritten.get(path));
      return true;
    };
    const { code, stderr } = await verbatim(['log', 'entries', '--policy', world.policy], { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^verbatim: .*entr/m);
  });

  test('remembers what it saw', async () => {
    await verbatim(['log', 'entries', '--policy', world.policy], { env });
    expect(readdirSync(join(world.path, '.local/state/verbatim/checkpoints'))).toHaveLength(1);
  });
});

describe('log fsck', () => {
  const fsck = (...args: string[]) => verbatim(['log', 'fsck', '--policy', world.policy, ...args], { env });

  test('says that a log is sound, to people and in JSON', async () => {
    const { code, stdout, stderr } = await fsck();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^✓ sound {2}log\.example\/test, size 8\n {2}root [0-9a-f]{64}\n {2}8 entries hashed, 1 tile compared/);
    const json = JSON.parse((await fsck('--json')).stdout) as object;
    expect(json).toMatchObject({ schemaVersion: 1, exitCode: 0, checkpoint: { size: 8 }, entries: 8, tiles: 1, findings: [] });
  });

  test('names what is not as it was signed, and ends with 1', async () => {
    const { log } = world.scene;
    const rewritten = withEntryRewritten(log, 3n, new TextEncoder().encode('{}'));
    server.answer = (request, response) => {
      const path = request.url!.slice(1);
      if (!path.startsWith('tile/entries/')) return false;
      response.end(rewritten.get(path));
      return true;
    };
    const { code, stdout } = await fsck();
    expect(code).toBe(1);
    expect(stdout).toContain('✗ not what the log signed');
    expect(stdout).toContain('entry 3: expected a statement that a log admits');
    expect(stdout).toMatch(/tile\/0\/000\.p\/8: expected hash 3 to be [0-9a-f]{64}/);
    expect(JSON.parse((await fsck('--json', '--any-entries')).stdout)).toMatchObject({ exitCode: 1, findings: [{}, {}] });
  });

  test('cannot judge a log that does not answer, nor one without a key to it', async () => {
    server.answer = (_request, response) => {
      response.destroy();
      return true;
    };
    expect((await fsck()).code).toBe(4);
    expect((await verbatim(['log', 'fsck', '--log', server.url], { env })).code).toBe(2);
  });
});

describe('log proof', () => {
  test('writes a proof that verifies, and the entry', async () => {
    const { log } = world.scene;
    const [file, entryFile] = [join(world.path, 'entry.tlog-proof'), join(world.path, 'entry')];
    const { code, stdout } = await verbatim(['log', 'proof', '5', '--policy', world.policy, '-o', file, '--entry', entryFile], { env });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    const entry = new Uint8Array(readFileSync(entryFile));
    expect(entry).toEqual(log.entry(5n));
    const { index, proof, checkpoint: note } = parseTlogProof(new Uint8Array(readFileSync(file)));
    const { checkpoint } = openCheckpoint(note, parseVkey(log.vkey), verifyEd25519);
    expect(verifyInclusion(index, checkpoint.size, hashLeaf(entry), proof, checkpoint.root)).toBe(true);
    expect(index).toBe(5n);
  });

  test.each(['8', '-1', '05', 'x'])('refuses %s, which is no entry, and writes nothing', async (index) => {
    const file = join(world.path, 'none.tlog-proof');
    const { code } = await verbatim(['log', 'proof', '--policy', world.policy, '-o', file, '--', index], { env });
    expect(code).toBe(2);
    expect(readdirSync(world.path)).not.toContain('none.tlog-proof');
  });
});

describe('the exit codes of commands on a log', () => {
  /** The database of an audit is where the repository's packages are. */
  const NODE_PATH = fileURLToPath(new URL('../../../../node_modules', import.meta.url));
  const everyCommand = (...where: string[]) =>
    Promise.all(
      [
        ['entries'],
        ['proof', '5', '-o', join(world.path, 'out.tlog-proof')],
        ['fsck'],
        ['export', '--to', join(world.path, 'copy')],
        ['audit'],
        ['status', '--root', vkeyOf(world.scene.root)],
      ].map(async (command) => ({ command, ...(await verbatim(['log', ...command, ...where], { env: { ...env, NODE_PATH } })) })),
    );

  test('are 1 where the checkpoint is not signed by the key that was named', async () => {
    using other = new World({ origin: 'other.example/log' });
    for (const ran of await everyCommand('--log', server.url, '--vkey', other.scene.log.vkey)) {
      expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^verbatim: .+\n$/) });
    }
  });

  test('are 4 where the log does not answer', async () => {
    server.answer = (_request, response) => {
      response.destroy();
      return true;
    };
    for (const ran of await everyCommand('--policy', world.policy)) {
      expect(ran).toMatchObject({ code: 4, stdout: '', stderr: expect.stringMatching(/^verbatim: .+\n$/) });
    }
  });

  const page = readFileSync(new URL('../../../../docs/reference/exit-codes.md', import.meta.url), 'utf8');
  const names = ['entries', 'proof', 'fsck', 'export', 'audit', 'status', 'submit', 'admin enrol', 'admin revoke'];

  test.each([...names.map((name) => `log ${name}`), 'release submit'])('are in the help of %s, and on the page', async (name) => {
    let help = '';
    const io = { out: (text: string) => (help += text), err: () => undefined, env: {}, colour: false, now: () => new Date(0) };
    expect(await run([...name.split(' '), '--help'], io)).toBe(0);
    const [, done] = /Exit codes: 0 ([^\n]*?), 1 the log did what no log may do/.exec(help) ?? [];
    expect(help.trimEnd().endsWith(logExitCodes(done!).trim())).toBe(true);
    expect(page).toContain(`\`${name}\``);
  });
});
