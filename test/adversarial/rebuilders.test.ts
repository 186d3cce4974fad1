/** Dishonest rebuilders and publishers: what the real log admits of theirs, and what the real command makes of it. */
import { writeFile } from 'node:fs/promises';
import { signStatement } from '@verbatim/statements';
import { aRelease, digestsOf, forgeEntry, testSigner } from '@verbatim/testkit';
import { toHex, utf8Encode } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { complaints, outcomeOf, REBUILDERS, REGISTRAR, World, type Client } from './_world.ts';
import { reportOf } from './log-attacks.ts';

const [acme, beta, gamma] = REBUILDERS as [(typeof REBUILDERS)[0], (typeof REBUILDERS)[0], (typeof REBUILDERS)[0]];
let world: World;
let client: Client;
let releases = 0;

beforeAll(async () => {
  world = await World.start();
  client = await world.client();
});
afterAll(() => world[Symbol.asyncDispose]());

const refusalOf = ({ status, body }: { status: number; body: Record<string, unknown> }): string => `${status} ${String(body['code'])}`;
const aPurl = (): string => `pkg:npm/attacked-${++releases}@1.0.0`;
/** What honest rebuilders get where the published file is another. */
const HONEST = { result: 'differ' } as const;

describe('rebuilders', () => {
  test('k−1 of them that vouch for anything are not enough, and one honest one is too many for them', async () => {
    const published = await world.publish(aPurl());
    await world.observe(published, acme);
    expect(await client.verify(published)).toMatchObject({ verdict: 'insufficient', code: 3, result: { matches: 1, dissents: 0 } });
    await world.observe(published, beta, HONEST);
    await world.observe(published, gamma);
    // Even where the liars are now as many as the policy demands.
    const verified = await client.verify(published);
    expect(outcomeOf(verified)).toBe(reportOf('colluding-liars'));
    expect(verified.result).toMatchObject({ matches: 2, dissents: 1 });
  });

  test('one operator with many keys has one vote', async () => {
    const keys = Array.from({ length: 4 }, (_, i) => testSigner(`sybil-${i}`));
    await Promise.all(keys.map((key) => world.enrol(key, { operator: 'sybil' })));
    const published = await world.publish(aPurl());
    await Promise.all(keys.map((key) => world.observe(published, key)));
    const verified = await client.verify(published, { operators: [keys, [acme]] });
    expect(outcomeOf(verified)).toBe(reportOf('many-keys'));
    expect(verified.result.matches).toBe(1);
    // Whoever is not in the policy has none at all.
    expect(await client.verify(published)).toMatchObject({ verdict: 'insufficient', code: 3, result: { matches: 0 } });
  });

  test('an observation that is submitted again is the same entry', async () => {
    const published = await world.publish(aPurl());
    const entry = signStatement(world.observation(published, acme), [acme]);
    const first = await world.log.logged(entry);
    const again = await world.log.post(entry);
    expect(again).toMatchObject({ status: 200, body: { duplicate: true, index: first.index } });
    const verified = await client.verify(published);
    expect(outcomeOf(verified)).toBe(reportOf('replayed'));
    expect(verified.result.matches).toBe(1);
  });

  test('an observation of the same bytes in another release does not count for this one', async () => {
    const content = utf8Encode(`the same bytes ${releases}`);
    const [one, other] = [await world.publish(aPurl(), content), await world.publish(aPurl(), content)];
    for (const rebuilder of [acme, beta]) await world.observe(one, rebuilder);
    const asked = ['--release', other.release.predicate.purl];
    const verified = await client.verify(other, {}, ...asked);
    expect(outcomeOf(verified)).toBe(reportOf('transplanted'));
    expect(verified.result.matches).toBe(0);
    // Moving it there breaks its signature, which is over the release's index and leaf hash.
    const moved = { ...world.observation(one, acme) } as { predicate: { release: object } };
    const said = { ...moved, predicate: { ...moved.predicate, release: { index: other.index, leafHash: toHex(other.leafHash) } } };
    const stolen = forgeEntry(said, [{ ...acme, sign: () => new Uint8Array(64).fill(1) }]);
    expect(await world.log.post(stolen)).toMatchObject({ status: 401, body: { code: 'bad-signature' } });
  });

  test('a dissent is not erased by trying again until it matches', async () => {
    const published = await world.publish(aPurl());
    await world.observe(published, beta);
    await world.observe(published, gamma);
    await world.observe(published, acme, HONEST);
    for (const attempt of [2, 3]) await world.observe(published, acme, { attempt });
    const verified = await client.verify(published);
    expect(outcomeOf(verified)).toBe(reportOf('retry-until-match'));
    expect(verified.result).toMatchObject({ matches: 2, dissents: 1 });
  });

  test('two statements about one attempt: the log takes one', async () => {
    const published = await world.publish(aPurl());
    await world.observe(published, acme);
    const other = signStatement(world.observation(published, acme, HONEST), [acme]);
    expect(refusalOf(await world.log.post(other))).toBe(reportOf('equivocation'));
    // Nor does a later one come before an earlier one.
    const early = signStatement(world.observation(published, beta, { attempt: 2 }), [beta]);
    expect(refusalOf(await world.log.post(early))).toBe(reportOf('skipped-attempt'));
  });

  test('whom nobody enrolled is not heard by the log, and whom the policy does not name counts for nothing', async () => {
    const published = await world.publish(aPurl());
    const stranger = testSigner('stranger');
    const entry = signStatement(world.observation(published, stranger), [stranger]);
    expect(await world.log.post(entry)).toMatchObject({ status: 403, body: { code: 'unknown-key' } });
    await world.enrol(stranger);
    await world.observe(published, stranger);
    const verified = await client.verify(published);
    expect(outcomeOf(verified)).toBe(reportOf('stranger'));
    expect(verified.result.matches).toBe(0);
  });
});

describe('a publisher or registrar', () => {
  test('that gives two people other bytes under one version: the log takes one of them', async () => {
    const purl = aPurl();
    const { release } = await world.publish(purl);
    const content = utf8Encode('with a backdoor');
    const [artifact] = release.predicate.artifacts;
    const planted = aRelease({ purl, artifacts: [{ ...artifact!, ...digestsOf(content) }] });
    expect(refusalOf(await world.log.post(signStatement(planted, [REGISTRAR])))).toBe(reportOf('two-digests'));
  });

  test('that has another key register them: not reproduced, while the genuine ones are', async () => {
    const accomplice = testSigner('registrar-accomplice');
    await world.enrol(accomplice, { role: 'registrar' });
    const purl = aPurl();
    const genuine = await world.publish(purl);
    const planted = await world.publish(purl, utf8Encode('with a backdoor'), { registrar: accomplice });
    for (const rebuilder of [acme, beta]) {
      await world.observe(genuine, rebuilder);
      await world.observe(planted, rebuilder, HONEST);
    }
    const lines = ['require 2', `claimant accomplice registrar pkg:npm/ ${vkeyOf(accomplice)}`];
    expect(await client.verify(genuine, { lines }, '--release', purl)).toMatchObject({ verdict: 'reproduced', code: 0 });
    const verified = await client.verify(planted, { lines }, '--release', purl);
    expect(outcomeOf(verified)).toBe(reportOf('two-digests-two-keys'));
    expect(verified.result.dissents).toBe(2);
  });

  test('that has registered nothing for these bytes is unknown, whatever the name', async () => {
    const published = await world.publish(aPurl());
    for (const rebuilder of [acme, beta]) await world.observe(published, rebuilder);
    const planted = { file: `${published.file}.planted` };
    await writeFile(planted.file, 'something else');
    const verified = await client.verify(planted, {}, '--release', published.release.predicate.purl);
    expect(outcomeOf(verified)).toBe(reportOf('unregistered'));
    expect(complaints(verified)).toBe('');
  });
});
