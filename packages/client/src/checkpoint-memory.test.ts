import { forkedLog, InMemoryLog } from '@verbatim/testkit';
import { openCheckpoint, utf8Encode, verifyConsistency, fromBase64 } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeOf, logKey, temporaryFolder } from './_support.ts';
import { CheckpointMemory } from './checkpoint-memory.ts';
import type { TreeAt } from './contradiction.ts';
import { LogMisbehaviour } from './errors.ts';
import type { Remembered } from './note-store.ts';
import { VerifiedTree } from './verified-tree.ts';

function logOf(size: number): InMemoryLog {
  const log = new InMemoryLog();
  grow(log, size);
  return log;
}

function grow(log: InMemoryLog, size: number, word = 'entry'): void {
  while (log.size < BigInt(size)) log.add(utf8Encode(`${word} ${log.size}`));
}

function noteOf(log: InMemoryLog, size: number = Number(log.size)): Remembered {
  const note = log.checkpoint({ size: BigInt(size) });
  return { note, checkpoint: openCheckpoint(note, logKey(log), verifyEd25519).checkpoint };
}

/** Trees read from what this log serves now. */
function treesOf(log: InMemoryLog): TreeAt {
  const source = { location: 'test', hasLookup: false, get: async (path: string) => log.read(path), close: async () => {} };
  return (checkpoint) => new VerifiedTree(checkpoint, source);
}

const noTrees: TreeAt = () => {
  throw new Error('no tile is needed here');
};

const observe = (memory: CheckpointMemory, log: InMemoryLog, size?: number): Promise<Remembered> =>
  memory.observe(noteOf(log, size), logKey(log), treesOf(log));
const sizeOf = async (work: Promise<Remembered>): Promise<bigint> => (await work).checkpoint.size;

async function misbehaviourOf(work: Promise<unknown>): Promise<LogMisbehaviour> {
  try {
    await work;
  } catch (error) {
    if (error instanceof LogMisbehaviour) return error;
    throw error;
  }
  throw new Error('expected misbehaviour');
}

/** Files of the only log that is remembered in a state folder. */
async function remembered(state: string): Promise<string[]> {
  const folder = join(state, 'checkpoints');
  const [log] = await readdir(folder);
  return (await readdir(join(folder, log!))).map((name) => name.split('-')[0]!);
}

describe.each([
  ['on disk', () => temporaryFolder()],
  ['in memory', async () => null],
])('checkpoints remembered %s', (_where, makeFolder) => {
  it('may grow, and stand still', async () => {
    const memory = new CheckpointMemory(await makeFolder());
    const log = logOf(5);
    expect(await sizeOf(observe(memory, log))).toBe(5n);
    expect(await sizeOf(memory.observe(noteOf(log), logKey(log), noTrees))).toBe(5n);
    for (const size of [6, 300, 301, 700]) {
      grow(log, size);
      expect(await sizeOf(observe(memory, log))).toBe(BigInt(size));
    }
  });

  it('may begin with an empty log', async () => {
    const memory = new CheckpointMemory(await makeFolder());
    const log = logOf(0);
    expect(await sizeOf(observe(memory, log))).toBe(0n);
    grow(log, 3);
    expect(await sizeOf(observe(memory, log))).toBe(3n);
  });

  it('are used in the place of older ones that are a prefix of them', async () => {
    const memory = new CheckpointMemory(await makeFolder());
    const log = logOf(300);
    await observe(memory, log);
    expect(await sizeOf(observe(memory, log, 299))).toBe(300n);
    expect(await sizeOf(observe(memory, log, 0))).toBe(300n);
  });

  it.each([
    ['a fork with two roots of one size', 300, 300, 'another', 'fork'],
    ['a fork that grew from another history', 300, 400, 'another', 'fork'],
    ['a shorter fork that has the tiles of another history', 256, 255, 'another', 'rolled-back'],
    ['a shorter fork', 700, 290, 'another', 'rolled-back'],
    ['a log that was rolled back', 300, 280, 'entry', 'rolled-back'],
  ])('betray %s', async (_how, first, second, word, code) => {
    const folder = await makeFolder();
    const memory = new CheckpointMemory(folder);
    const log = logOf(first);
    await observe(memory, log);
    const fork = forkedLog(log, 250n);
    grow(fork, second, word);
    const error = await misbehaviourOf(observe(memory, fork));
    expect(error.code).toBe(code);
    expect(error.verdict).toBe('log-misbehaviour');
    expect(error.evidencePath).not.toBeNull();
    expect(error.message).toContain(error.evidencePath!);
    if (folder !== null) expect(dirname(error.evidencePath!)).toBe(join(folder, 'evidence'));
    const evidence = JSON.parse(await readFile(error.evidencePath!, 'utf8')) as { remembered: string; served: string; logKey: string };
    expect(evidence.logKey).toBe(log.vkey);
    const notes = [evidence.remembered, evidence.served].map(
      (note) => openCheckpoint(utf8Encode(note), logKey(log), verifyEd25519).checkpoint,
    );
    expect(notes.map(({ size }) => size)).toEqual([BigInt(first), BigInt(second)]);
    // Nothing of the fork is remembered: the honest log still continues.
    grow(log, first + 1);
    expect(await sizeOf(observe(memory, log))).toBe(BigInt(first + 1));
  });
});

describe('the evidence of a fork', () => {
  it('is there when an older checkpoint comes with the tiles of another history', async () => {
    const memory = new CheckpointMemory(await temporaryFolder());
    const log = logOf(300);
    await observe(memory, log);
    const fork = forkedLog(log, 250n);
    grow(fork, 800, 'another');
    expect(await codeOf(observe(memory, fork, 290))).toBe('fork');
  });

  it('has the proof that does not lead from one root to the other', async () => {
    const memory = new CheckpointMemory(await temporaryFolder());
    const log = logOf(300);
    await observe(memory, log);
    const fork = forkedLog(log, 250n);
    grow(fork, 400, 'another');
    const { evidencePath } = await misbehaviourOf(observe(memory, fork));
    const { consistency } = JSON.parse(await readFile(evidencePath!, 'utf8')) as {
      consistency: { from: string; to: string; proof: string[] };
    };
    const proof = consistency.proof.map(fromBase64);
    expect(consistency).toMatchObject({ from: '300', to: '400' });
    expect(proof.length).toBeGreaterThan(0);
    expect(verifyConsistency(300n, 400n, proof, fork.root(300n), fork.root(400n))).toBe(true);
    expect(verifyConsistency(300n, 400n, proof, log.root(300n), fork.root(400n))).toBe(false);
  });
});

describe('a state folder', () => {
  it('keeps one checkpoint of each log, for the next process', async () => {
    const state = await temporaryFolder();
    const log = logOf(5);
    for (const size of [5, 8, 300]) {
      grow(log, size);
      await observe(new CheckpointMemory(state), log);
    }
    expect(await remembered(state)).toEqual(['300']);
    const fork = forkedLog(log, 4n);
    grow(fork, 500, 'another');
    expect(await codeOf(observe(new CheckpointMemory(state), fork))).toBe('fork');
  });

  it('keeps logs apart, and keys of one origin', async () => {
    const memory = new CheckpointMemory(await temporaryFolder());
    const log = logOf(5);
    await observe(memory, log);
    const other = new InMemoryLog({ origin: 'other.example/log' });
    grow(other, 3, 'other');
    expect(await sizeOf(observe(memory, other))).toBe(3n);
  });

  it('that cannot be written is replaced by memory, with one warning', async () => {
    const parent = await temporaryFolder();
    const warnings: string[] = [];
    // A file in the place of the folder stops everybody, root included.
    const state = join(parent, 'state');
    await writeFile(state, 'not a folder');
    await chmod(parent, 0o500);
    const memory = new CheckpointMemory(state, { onWarning: (message) => warnings.push(message) });
    const log = logOf(300);
    expect(await sizeOf(observe(memory, log))).toBe(300n);
    expect(await sizeOf(observe(memory, log, 299))).toBe(300n);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(state);
    const fork = forkedLog(log, 250n);
    grow(fork, 400, 'another');
    const error = await misbehaviourOf(observe(memory, fork));
    expect(error.evidencePath).not.toBeNull();
  });

  it('with a damaged file in it says so and goes on', async () => {
    const state = await temporaryFolder();
    const log = logOf(5);
    await observe(new CheckpointMemory(state), log);
    const folder = join(state, 'checkpoints', (await readdir(join(state, 'checkpoints')))[0]!);
    await writeFile(join(folder, (await readdir(folder))[0]!), 'half a no');
    await writeFile(join(folder, '.temporary.tmp'), 'left behind');
    const warnings: string[] = [];
    grow(log, 6);
    expect(await sizeOf(observe(new CheckpointMemory(state, { onWarning: (message) => warnings.push(message) }), log))).toBe(6n);
    expect(warnings).toHaveLength(1);
  });

  it('is shared by parallel processes: none goes back, and a fork among them is found', async () => {
    const state = await temporaryFolder();
    const log = logOf(400);
    const sizes = Array.from({ length: 24 }, (_, i) => 20 + ((i * 7919) % 380));
    // Each with a memory of its own, as processes have.
    const seen = await Promise.all(sizes.map((size) => sizeOf(observe(new CheckpointMemory(state), log, size))));
    for (const [i, size] of sizes.entries()) expect(seen[i]).toBeGreaterThanOrEqual(BigInt(size));
    expect(await remembered(state)).toContain(String(Math.max(...sizes)));
    expect(await sizeOf(observe(new CheckpointMemory(state), log, 21))).toBe(BigInt(Math.max(...sizes)));
    expect(await remembered(state)).toEqual([String(Math.max(...sizes))]);

    const empty = await temporaryFolder();
    const fork = forkedLog(log, 30n);
    grow(fork, 390, 'another');
    const codes = await Promise.all(
      [log, fork, log, fork, log, fork].map((either) => codeOf(observe(new CheckpointMemory(empty), either))),
    );
    expect(codes).toContain('fork');
  });
});

describe('without the network', () => {
  it('two roots of one size are a fork, and other sizes say nothing', async () => {
    const memory = new CheckpointMemory(await temporaryFolder());
    const log = logOf(300);
    await observe(memory, log);
    await memory.compareOffline(noteOf(log, 299), logKey(log));
    await memory.compareOffline(noteOf(log), logKey(log));
    const fork = forkedLog(log, 250n);
    grow(fork, 300, 'another');
    expect(await codeOf(memory.compareOffline(noteOf(fork), logKey(fork)))).toBe('fork');
  });
});
