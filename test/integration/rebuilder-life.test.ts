/** Rebuilder nodes through the life of a log, in real processes: its key changes, it freezes, another goes on. Nobody touches their configuration. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LogReader, openSource } from '@verbatim/client';
import { decodeEntry, keyidOf, makeControl, PREDICATE, type ControlPredicate } from '@verbatim/statements';
import { anArtifact, anEnrolment } from '@verbatim/testkit';
import { parseCheckpoint, parseNote, parseVkey, toHex } from '@verbatim/tlog';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Folder } from '../../packages/cli/src/_world.ts';
import type { Die } from '../../services/rebuilder/src/_node-process.ts';
import { TestNode } from '../../services/rebuilder/src/_network.ts';
import { beginLife, type OperatedLog, type RunningWitness } from './_log-life.ts';

/** However slow the machine is. */
const PATIENCE_SECONDS = 280;
/** As the fake worker publishes and builds it. */
const CONTENT = `content of ${anArtifact().name}`;
const folder = new Folder();
let log: OperatedLog;
let next: OperatedLog;
let witness: RunningWitness;
/** Runs all the time. */
let steady: TestNode;
/** Down while the key changes; killed while the log hands over: in the transaction, and right after it. */
const killed = new Map<TestNode, Die>();

async function aNode(name: string): Promise<TestNode> {
  const settings = `root_vkey = "${log.vkey('root')}"\n[limits]\nmin_free_disk_mib = 0\n`;
  const node = new TestNode(name, join(folder.path, name), { url: log.url, vkey: log.vkey('log') }, settings, {});
  await node.init();
  await log.log(anEnrolment(node.signer), log.signer('admin'));
  return node;
}

const control = (said: ControlPredicate, ...more: Parameters<OperatedLog['signer']>[0][]): Promise<unknown> =>
  log.log(makeControl(said), log.signer('root'), ...more.map((name) => log.signer(name)));

const acknowledged = (node: TestNode, count: number) =>
  node.until(({ queue, outbox }) => queue.queued + queue.leased + outbox.pending === 0 && outbox.acknowledged === count, PATIENCE_SECONDS);

/** What the successor has of a node: which release was rebuilt, at which attempt, and for which log. */
async function observationsOf(node: TestNode): Promise<[release: number, attempt: number, log: string][]> {
  const reader = new LogReader({ source: await openSource(next.url), logKey: parseVkey(next.vkey('log')) });
  const keyid = keyidOf(node.signer.name, node.signer.publicKey);
  const found: [number, number, string][] = [];
  for await (const { entry } of (await reader.latest()).tree.entries(0n)) {
    const { predicateType, predicate } = decodeEntry(entry).statement;
    if (predicateType === PREDICATE.observation && predicate.rebuilder === keyid)
      found.push([predicate.release.index, predicate.attempt, predicate.log]);
  }
  await reader.source.close();
  return found;
}

beforeAll(async () => {
  ({ log, next, witness } = await beginLife(folder.path));
  steady = await aNode('steady');
  killed.set(await aNode('killed-inside'), { call: 'Outbox.moveTo', nth: 1, when: 'after' });
  killed.set(await aNode('killed-after'), { call: 'LogConnection.openReader', nth: 4, when: 'before' });
});
afterAll(async () => {
  for (const node of [steady, ...killed.keys()]) await node?.stop('SIGKILL');
  for (const each of [next, log, witness]) await each?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

test('rebuilder nodes follow a log through a rotation into its successor: everything is observed once, and nothing is lost', async () => {
  const nodes = [...killed.keys()];
  const configurations = [steady, ...nodes].map(({ config }) => readFileSync(config, 'utf8'));
  const releases = [(await log.release('1.0.0', CONTENT)).index];
  await Promise.all([steady, ...nodes].map((node) => node.start()));
  await Promise.all([steady, ...nodes].map((node) => acknowledged(node, 1)));
  await Promise.all(nodes.map((node) => node.stop()));

  const [old, vkey] = [log.vkey('log'), log.vkey('log2')];
  await control({ action: 'rotate', origin: log.origin, key: 'log', old, vkey }, 'log2');
  await log.stop();
  log.configure(['key_file = "log2.key"'], witness);
  await log.start();
  releases.push((await log.release('2.0.0', CONTENT)).index);
  await acknowledged(steady, 2);

  await control({ action: 'freeze', origin: log.origin, reason: 'We move.' });
  await Promise.all(nodes.map((node) => node.start({ die: killed.get(node)! })));
  // Too late: they are kept.
  await Promise.all(nodes.map((node) => node.until(({ attempts }) => attempts[0]?.trouble === 'frozen', PATIENCE_SECONDS)));

  const { size, root } = parseCheckpoint(parseNote(readFileSync(log.publishedCheckpoint())).text);
  const to = { vkey: next.vkey('log'), rootVkey: next.vkey('root'), url: next.url };
  await control({ action: 'successor', origin: log.origin, ...to, size: Number(size), root: toHex(root) });
  next.configure(['key_file = "log.key"'], witness);
  next.succeed(log);
  await next.start();
  for (const node of nodes) expect(await node.service!.ended).toBe('SIGKILL');
  await Promise.all(nodes.map((node) => node.start()));
  const { log: followed } = await acknowledged(steady, 2);
  expect(followed.trouble).toBeNull();
  await Promise.all(nodes.map((node) => acknowledged(node, 2)));

  // The old log may go: they know the way.
  await log.stop();
  await steady.stop();
  await steady.start();
  releases.push((await next.release('3.0.0', CONTENT)).index);
  for (const node of [steady, ...nodes]) {
    const status = await acknowledged(node, 3);
    expect(status.log).toMatchObject({ origin: next.origin, url: next.url, trouble: null });
    const where = [log.origin, node === steady ? log.origin : next.origin, next.origin];
    expect(await observationsOf(node)).toEqual(releases.map((release, i) => [release, 1, where[i]]));
  }
  expect([steady, ...nodes].map(({ config }) => readFileSync(config, 'utf8'))).toEqual(configurations);
});
