/** Logs that lie in the index itself: what a client, an audit and an index-witness make of them. Real processes, but for the lying log. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { initialise, startService } from '@verbatim/local';
import { createKeyFile } from '@verbatim/service-kit/keyfile';
import { formatAddCheckpoint, formatNote, KEY_TYPE_COSIGNATURE, parseNote, utf8Encode } from '@verbatim/tlog';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { spawnAttacker } from './_spawn.ts';
import { complaints, evidenceOf, ORIGIN, outcomeOf, REBUILDERS, World, type Published } from './_world.ts';
import type { LyingOptions } from './_lying-log.ts';
import { reportOf } from './log-attacks.ts';

const [acme, beta, gamma] = REBUILDERS as [(typeof REBUILDERS)[0], (typeof REBUILDERS)[0], (typeof REBUILDERS)[0]];
/** Who trusts this witness alone trusts nobody who looks into the log. */
const BRIBED = { witnesses: [2], quorum: 1 };
const LISTEN = '[listen]\nport = 0\n[metrics_listen]\nport = 0\n';

const stack = new AsyncDisposableStack();
let world: World;
let agreed: Published;
let disputed: Published;
/** Address of a log without the dissent in its index, and of one whose index root is anything. */
let hiding: string;
let wrong: string;

beforeAll(async () => {
  const keys = stack.use(await World.folder());
  const witnessKeyFile = join(keys.path, 'bribed.key');
  const { vkey } = await createKeyFile(witnessKeyFile, 'witness.example/bribed', { type: KEY_TYPE_COSIGNATURE });
  const { url } = stack.use(await spawnAttacker('_hostile-witness.ts', { folder: keys.path }));
  world = stack.use(await World.start({ witnesses: 1, more: [{ vkey, url: `${url}/two-histories/bribed` }], quorum: 2 }));
  [agreed, disputed] = await Promise.all([world.publish('pkg:npm/agreed@1.0.0'), world.publish('pkg:npm/disputed@1.0.0')]);
  await Promise.all([agreed, disputed].flatMap((published) => [acme, beta].map((rebuilder) => world.observe(published, rebuilder))));
  const hidden = await world.observe(disputed, gamma, { result: 'differ' });
  const options = { upstream: world.log.url, vkey: await world.log.vkey, keyFile: join(world.folder, 'log.key'), witnessKeyFile };
  const lie = async (about: number | null): Promise<string> => {
    return stack.use(await spawnAttacker('_lying-log.ts', { ...options, hidden: about } satisfies LyingOptions)).url;
  };
  [hiding, wrong] = await Promise.all([lie(hidden), lie(null)]);
});
afterAll(() => stack.disposeAsync());

describe('a dissent that is left out of the index', () => {
  test('is not seen by whoever is content with the log’s own root, and the output says what that is worth', async () => {
    const verified = await (await world.client()).verify(disputed, { ...BRIBED, url: hiding, lines: ['require 2', 'completeness root'] });
    expect(verified).toMatchObject({ verdict: 'reproduced', result: { completeness: 'complete-by-root', dissents: 0 } });
  });

  test('is not let pass by a policy that demands an audit', async () => {
    const lines = ['require 2', 'completeness audited'];
    const verified = await (await world.client()).verify(disputed, { ...BRIBED, url: hiding, lines });
    expect(outcomeOf(verified)).toBe(reportOf('hidden-from-index'));
    expect(complaints(verified)).toMatch(/^unaudited: /m);
  });

  test('is found by an audit, which saves the evidence', async () => {
    const client = await world.client();
    const audited = await client.run('log', 'audit', hiding, '--vkey', await world.log.vkey);
    expect(`exit code ${audited.code}`, audited.stderr).toBe(reportOf('hidden-from-index-audit'));
    expect(audited.stdout).toMatch(/index.root/i);
    expect(await evidenceOf(client)).toHaveLength(1);
  });

  test('is found by an index-witness, which does not cosign', async () => {
    const folder = stack.use(await World.folder());
    const config = join(folder.path, 'witness.toml');
    const keys = `key_file = "witness.key"\ndata_dir = "data"\n${LISTEN}[[logs]]\nvkey = "${await world.log.vkey}"\n`;
    const index = `[index]\nname = "witness.example/index"\nkey_file = "index.key"\nwait_ms = 20000\nlogs = [{ origin = "${ORIGIN}", url = "${hiding}" }]\n`;
    await writeFile(config, `name = "witness.example/both"\n${keys}${index}`);
    await initialise('witness', config);
    const { ready } = stack.use(await startService('index', 'witness', config, join(folder.path, 'witness.log')));
    const { text, signatures } = parseNote(utf8Encode(await (await fetch(`${hiding}/checkpoint`)).text()));
    const checkpoint = formatNote({ text, signatures: signatures.filter(({ name }) => name === ORIGIN) });
    const body = Buffer.from(formatAddCheckpoint({ oldSize: 0n, proof: [], checkpoint }));
    const answer = await fetch(`${ready.url}/index/add-checkpoint`, { method: 'POST', body });
    const refusal = (await answer.json()) as { code: string; detail: string };
    expect(`${answer.status} ${refusal.code}`).toBe(reportOf('hidden-from-index-witness'));
    expect(refusal.detail).toContain('wrong-root');
    // As a plain witness, which never looks into the log, it would.
    expect((await fetch(`${ready.url}/add-checkpoint`, { method: 'POST', body })).status).toBe(200);
  });
});

test('an index root that is not the root of the index proves nothing, and an audit names it', async () => {
  const client = await world.client();
  const verified = await client.verify(agreed, { ...BRIBED, url: wrong });
  expect(outcomeOf(verified)).toBe(reportOf('wrong-index-root'));
  expect(complaints(verified)).toMatch(/^incomplete: /m);
  const audited = await client.run('log', 'audit', wrong, '--vkey', await world.log.vkey);
  expect(audited.code, audited.stderr).toBe(1);
});
