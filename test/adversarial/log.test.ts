/** Dishonest logs, as processes of their own before the real one, and the real command. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatAddCheckpoint, formatNote, parseNote, utf8Encode } from '@verbatim/tlog';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AttackName, HostileOptions } from './_hostile-log.ts';
import { seenTable } from './_seen.ts';
import { type Attacker, spawnAttacker } from './_spawn.ts';
import { complaints, evidenceOf, ORIGIN, outcomeOf, REBUILDERS, World, type Client, type Published, type Verified } from './_world.ts';
import { reportOf, SERVED } from './log-attacks.ts';

const [acme, beta, gamma] = REBUILDERS as [(typeof REBUILDERS)[0], (typeof REBUILDERS)[0], (typeof REBUILDERS)[0]];
let world: World;
/** Two matches. */
let agreed: Published;
/** Two matches and a dissent. */
let disputed: Published;
/** Serves the real log, with one thing wrong. */
let hostile: Attacker;

beforeAll(async () => {
  world = await World.start();
  [agreed, disputed] = await Promise.all([world.publish('pkg:npm/agreed@1.0.0'), world.publish('pkg:npm/disputed@1.0.0')]);
  await Promise.all([agreed, disputed].flatMap((published) => [acme, beta].map((rebuilder) => world.observe(published, rebuilder))));
  const options: HostileOptions = { upstream: world.log.url, keyFile: join(world.folder, 'log.key'), index: agreed.index };
  hostile = await spawnAttacker('_hostile-log.ts', options);
  // Before the dissent.
  for (const published of [agreed, disputed]) expect((await attacked('record', published)).verdict).toBe('reproduced');
  await world.observe(disputed, gamma, { result: 'differ' });
});
afterAll(async () => {
  await hostile[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const saw = seenTable('Dishonest logs');

/** Verifies against the hostile log, as somebody who may know the real one already. */
async function attacked(
  attack: AttackName,
  published: Published,
  client?: Client,
  lines: readonly string[] = ['require 2'],
): Promise<Verified> {
  const started = performance.now();
  const verified = await (client ?? (await world.client())).verify(published, { url: `${hostile.url}/${attack}`, lines });
  saw(attack, outcomeOf(verified), (performance.now() - started) / 1000);
  return verified;
}

test('the same through a process that changes nothing: the world is as it should be', async () => {
  expect(await attacked('honest', agreed)).toMatchObject({
    verdict: 'reproduced',
    code: 0,
    result: { matches: 2, dissents: 0 },
  });
  expect(await attacked('honest', disputed)).toMatchObject({ verdict: 'not-reproduced', code: 1, result: { dissents: 1 } });
});

describe.concurrent('a log that serves', () => {
  test.each(SERVED.map((attack) => [attack.name, attack] as const))('%s', async (attack, { about, exitCode, reported, says }) => {
    const verified = await attacked(attack, about === 'agreed' ? agreed : disputed);
    expect(outcomeOf(verified)).toBe(reported);
    expect(verified.code).toBe(exitCode);
    expect(complaints(verified)).toMatch(says);
    // Nothing that a log says steers a terminal.
    for (const character of ['\u001b', '\u0007', '\u202e']) expect(verified.stdout + verified.stderr).not.toContain(character);
  });
});

describe('a log that goes back', () => {
  test('to a checkpoint that it signed before: this machine has seen a newer one, and takes nothing older', async () => {
    const client = await world.client();
    expect((await client.verify(disputed)).verdict).toBe('not-reproduced');
    const verified = await attacked('stale', disputed, client);
    expect(outcomeOf(verified)).toBe(reportOf('replay'));
    expect(complaints(verified)).toMatch(/answers for an older state, and this machine has seen the log with \d+ entries/);
  });

  test('and has thrown away what came after it: both notes are saved', async () => {
    const client = await world.client();
    expect((await client.verify(disputed)).verdict).toBe('not-reproduced');
    const verified = await attacked('rolled-back', disputed, client);
    expect(outcomeOf(verified)).toBe(reportOf('rollback'));
    expect(complaints(verified)).toMatch(
      /^rolled-back: .* signed \d+ entries before and now shows \d+; the newer ones are gone; evidence: /,
    );
    expect(await evidenceOf(client)).toMatchObject([{ code: 'rolled-back', origin: ORIGIN }]);
  });

  test('to a checkpoint that is older than the policy allows, before somebody who knows no other', async () => {
    const lines = ['require 2', 'max-age 1s'];
    await sleep(2100);
    const verified = await attacked('stale', agreed, await world.client(), lines);
    expect(outcomeOf(verified)).toBe(reportOf('replay-elsewhere'));
    expect(complaints(verified)).toMatch(/^checkpoint-stale: /m);
  });
});

describe('forged proofs', () => {
  test.each(['forged-receipt', 'wrong-receipt'] as const)('of inclusion, to whoever submits an entry: %s', async (attack) => {
    const entry = join(world.folder, `${attack}.json`);
    await writeFile(entry, await world.anEntry());
    const where = ['--log', `${hostile.url}/${attack}`, '--vkey', await world.log.vkey];
    const ran = await (await world.client()).run('log', 'submit', entry, ...where);
    expect(`exit code ${ran.code}`).toBe(reportOf('forged-receipt'));
    expect(ran.stderr).toMatch(/the proof that acknowledges entry \d+ does not verify/);
  });

  test('of inclusion or of completeness, in a bundle', async () => {
    const bundle = join(world.folder, 'bundle.json');
    const client = await world.client();
    expect((await client.verify(agreed, {}, '--save-bundle', bundle)).code).toBe(0);
    const saved = JSON.parse(await readFile(bundle, 'utf8')) as { hashes: string; index: { proof: string }[] };
    const offline = ['--bundle', bundle, '--offline'];
    const other = (base64: string): string => {
      const bytes = Buffer.from(base64, 'base64');
      return bytes.fill(7, bytes.length - 32).toString('base64');
    };
    await writeFile(bundle, JSON.stringify({ ...saved, hashes: other(saved.hashes) }));
    expect(outcomeOf(await client.verify(agreed, {}, ...offline))).toBe(reportOf('forged-bundle'));
    await writeFile(bundle, JSON.stringify({ ...saved, index: saved.index.map((each) => ({ ...each, proof: other(each.proof) })) }));
    expect(outcomeOf(await client.verify(agreed, {}, ...offline))).toBe(reportOf('forged-completeness'));
  });

  test('of consistency, to a witness', async () => {
    const old = BigInt((await world.log.checkpoint()).split('\n')[1]!);
    await world.log.logged(await world.anEntry());
    const { text, signatures } = parseNote(utf8Encode(await world.log.checkpoint()));
    const checkpoint = formatNote({ text, signatures: signatures.filter(({ name }) => name === ORIGIN) });
    const forged = formatAddCheckpoint({ oldSize: BigInt(text.split('\n')[1]!), proof: [new Uint8Array(32)], checkpoint });
    const ask = (body: Uint8Array): Promise<Response> =>
      fetch(`${world.witnesses[0]!.url}/add-checkpoint`, { method: 'POST', body: Buffer.from(body) });
    expect(String((await ask(forged)).status)).toBe(reportOf('forged-growth'));
    // Nor from a size that it has left behind.
    expect((await ask(formatAddCheckpoint({ oldSize: old, proof: [new Uint8Array(32)], checkpoint }))).status).toBe(409);
  });
});
