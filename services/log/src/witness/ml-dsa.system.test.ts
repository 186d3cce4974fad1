/** Witnesses with ML-DSA-44 keys, and GREASE, in published checkpoints. */
import { openCheckpoint, openNote, parseVkey, type Note } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { signStatement } from '@verbatim/statements';
import { anEnrolment, testSigner } from '@verbatim/testkit';
import { afterEach, expect, test } from 'vitest';
import { eventually, startLog, type TestLog } from '../_log.ts';
import { TestWitness } from './_witness.ts';

let stack: AsyncDisposableStack | null = null;
afterEach(() => stack?.disposeAsync());

async function logWith(toml: (witness: TestWitness) => string, top = ''): Promise<{ log: TestLog; witness: TestWitness }> {
  stack = new AsyncDisposableStack();
  const witness = stack.use(await TestWitness.start());
  const log = stack.use(await startLog({ toml: `witness_timeout_ms = 1000\n${top}${toml(witness)}` }));
  witness.logVkey = log.keys.logVkey;
  return { log, witness };
}

async function published(log: TestLog): Promise<{ bytes: Uint8Array; note: Note }> {
  const response = await eventually(async () => {
    const got = await log.fetch('/checkpoint');
    expect(got.status).toBe(200);
    return got;
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { bytes, note: openCheckpoint(bytes, log.logKey, verifyEd25519).note };
}

test('both lines of a witness with two keys are published, and it counts once', async () => {
  const { log, witness } = await logWith((each) => each.toml(`ml_dsa_vkey = "${each.mlDsaVkey}"`), 'grease = 0\n');
  witness.cosignTwice = true;
  const { bytes, note } = await published(log);
  const keys = [log.keys.logVkey, witness.vkey, witness.mlDsaVkey].map(parseVkey);
  expect(openNote(bytes, keys, verifyEd25519).verified).toHaveLength(3);
  expect(note.signatures).toHaveLength(3);
});

test('a witness with an ML-DSA key alone can be the quorum', async () => {
  const { log, witness } = await logWith((each) => each.toml().replace(each.vkey, each.mlDsaVkey));
  witness.cosignTwice = true;
  const { bytes } = await published(log);
  expect(openNote(bytes, [parseVkey(witness.mlDsaVkey)], verifyEd25519).verified).toHaveLength(1);
});

test('a second line that does not verify is not published: readers would refuse the whole checkpoint', async () => {
  const { log, witness } = await logWith((each) => each.toml(`ml_dsa_vkey = "${each.mlDsaVkey}"`));
  const { note: before } = await published(log);
  witness.dialect = (response, { note }) => {
    const text = `${note.split('\n\n', 1)[0]!}\n`;
    const [own] = witness.line(text).split('\n');
    witness.cosignTwice = true;
    const [, second] = witness.line(before.text).split('\n');
    witness.cosignTwice = false;
    response.writeHead(200).end(`${own}\n${second}\n`);
    return true;
  };
  const answer = await log.post(signStatement(anEnrolment(testSigner('a')), [log.admin]));
  expect(answer.status).toBe(503);
  expect((await published(log)).note.text).toBe(before.text);
});

test('a checkpoint has two lines of nobody, the same ones as long as it is published', async () => {
  const { log } = await logWith((each) => each.toml(), 'renew_ms = 100\n');
  const first = await published(log);
  const unknown = ({ note }: { note: Note }) => note.signatures.filter(({ name }) => name.startsWith('grease.invalid/'));
  expect(unknown(first)).toHaveLength(2);
  const renewed = await eventually(async () => {
    const found = await published(log);
    expect(found.bytes).not.toEqual(first.bytes);
    return found;
  });
  expect(unknown(renewed)).toEqual(unknown(first));
  expect(renewed.note.signatures).toHaveLength(first.note.signatures.length);
});
