/** Dishonest witnesses and split views: the real log, real and hostile witnesses as processes, the real command. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createKeyFile } from '@verbatim/service-kit/keyfile';
import { KEY_TYPE_COSIGNATURE, parseNote, utf8Encode } from '@verbatim/tlog';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { spawnAttacker } from './_spawn.ts';
import { complaints, evidenceOf, type LogProcess, outcomeOf, REBUILDERS, World, type Published, type Witnessed } from './_world.ts';
import { reportOf } from './log-attacks.ts';

const [acme, beta, gamma] = REBUILDERS as [(typeof REBUILDERS)[0], (typeof REBUILDERS)[0], (typeof REBUILDERS)[0]];
const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

let folder: string;
let url: string;
beforeAll(async () => {
  folder = stack.use(await World.folder()).path;
  ({ url } = stack.use(await spawnAttacker('_hostile-witness.ts', { folder })));
});

/** A witness that behaves like that, with a key of its own. */
async function hostile(behaviour: string, name = behaviour): Promise<Witnessed> {
  const { vkey } = await createKeyFile(join(folder, `${name}.key`), `witness.example/${name}`, { type: KEY_TYPE_COSIGNATURE });
  return { vkey, url: behaviour === 'down' ? 'http://127.0.0.1:9' : `${url}/${behaviour}/${name}` };
}

describe('witnesses that', () => {
  const BEHAVIOURS = ['slow', 'size-ahead', 'size-behind', 'forged', 'future', 'endless', 'down'];
  /** One more than there are of the others: they must not be a quorum by themselves. */
  const OBLIGING = BEHAVIOURS.map((_, i) => `obliging-${i}`).concat('obliging');
  let world: World;
  let published: Published;

  beforeAll(async () => {
    const obliging = OBLIGING.map((name) => hostile('two-histories', name));
    const more = await Promise.all([...obliging, ...BEHAVIOURS.map((behaviour) => hostile(behaviour))]);
    world = stack.use(await World.start({ witnesses: 0, more, quorum: OBLIGING.length }));
    published = await world.publish('pkg:npm/witnessed@1.0.0');
    await Promise.all([acme, beta].map((rebuilder) => world.observe(published, rebuilder)));
  });

  test('are down, slow, or lie in any way keep nobody from publishing, as long as enough others cosign', async () => {
    expect(outcomeOf(await (await world.client()).verify(published))).toBe(reportOf('lying-witnesses'));
    const names = parseNote(utf8Encode(await world.log.checkpoint())).signatures.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(OBLIGING.map((name) => `witness.example/${name}`)));
    // What does not verify, or is of another time, is not handed on: a client would refuse the whole note, or not count it.
    for (const behaviour of BEHAVIOURS) expect(names).not.toContain(`witness.example/${behaviour}`);
  });

  test('are down, slow or lying do not count for a client', async () => {
    const lying = BEHAVIOURS.map((_, i) => OBLIGING.length + 1 + i);
    const verified = await (await world.client()).verify(published, { witnesses: [1, ...lying], quorum: 2 });
    expect(outcomeOf(verified)).toBe(reportOf('lying-witnesses-only'));
    expect(complaints(verified)).toMatch(/^quorum-missing: /m);
  });
});

describe('a log that shows two histories', () => {
  /** One honest witness, and two that cosign anything. */
  let world: World;
  let fork: LogProcess;
  let published: Published;

  beforeAll(async () => {
    const more = await Promise.all(['bribed-1', 'bribed-2'].map((name) => hostile('two-histories', name)));
    world = stack.use(await World.start({ witnesses: 1, more, quorum: 2 }));
    published = await world.publish('pkg:npm/forked@1.0.0');
    await Promise.all([acme, beta].map((rebuilder) => world.observe(published, rebuilder)));
    // From here on there are two: one with a dissent, and one in which something else was logged in its place.
    fork = stack.use(await world.log.copy(more, 2));
    await world.observe(published, gamma, { result: 'differ' });
    await world.publish('pkg:npm/elsewhere@1.0.0', utf8Encode('x'), { log: fork });
    await world.log.cosignedBy('witness.example/w1', 'witness.example/bribed-1', 'witness.example/bribed-2');
  });

  test('is caught by whoever saw the other one before, with both notes and the names of who cosigned both', async () => {
    const client = await world.client();
    expect((await client.verify(published)).verdict).toBe('not-reproduced');
    const verified = await client.verify(published, { url: fork.url });
    expect(outcomeOf(verified)).toBe(reportOf('split-view'));
    expect(complaints(verified)).toMatch(/^fork: .* signed two histories/);
    const [evidence] = await evidenceOf(client);
    expect(evidence).toMatchObject({ code: 'fork', logKey: await world.log.vkey });
    const cosigners = [evidence!['remembered'], evidence!['served']].map((note) =>
      parseNote(utf8Encode(note as string)).signatures.map(({ name }) => name),
    );
    const both = cosigners[0]!.filter((name) => cosigners[1]!.includes(name) && name.startsWith('witness'));
    expect(both.toSorted()).toEqual(['witness.example/bribed-1', 'witness.example/bribed-2']);
  });

  test('does not pass where an honest witness is needed: it has cosigned the other one', async () => {
    const verified = await (await world.client()).verify(published, { url: fork.url, witnesses: [1, 2], quorum: 2 });
    expect(outcomeOf(verified)).toBe(reportOf('split-view-elsewhere'));
    expect(complaints(verified)).toMatch(/^quorum-missing: /m);
  });

  test('cannot have the second one cosigned by a witness that they share, and says so itself', async () => {
    await using other = await world.log.copy([world.witnesses[0]!], 1);
    await other.confirmed();
    await world.publish('pkg:npm/first@1.0.0');
    // The two bribed ones are enough to publish it: not before the honest one has it, too, does it know better.
    await world.log.cosignedBy('witness.example/w1');
    const { status, body } = await other.post(await world.anEntry());
    expect(`${status} ${String(body['code'])}`).toBe(reportOf('split-view-witness'));
    const saved = await vi.waitFor(() => readdir(join(other.folder, 'log/evidence')), { timeout: 60_000, interval: 50 });
    expect(saved.length).toBeGreaterThan(0);
    expect(await readFile(join(other.folder, 'log/evidence', saved[0]!), 'utf8')).toContain('witness.example/w1');
  });
});
