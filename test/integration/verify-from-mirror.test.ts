/** The log is gone, a mirror is left: it has no index to ask, so the client reads it whole, and thereby audits it. */
import { anArtifact, anObservation, aRelease, testVkey } from '@verbatim/testkit';
import { utf8Encode } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { expect, onTestFinished, test } from 'vitest';
import { Folder, verbatim } from '../../packages/cli/src/_world.ts';
import { eventually, REGISTRAR, startLog } from '../../services/log/src/_log.ts';
import { prepareMirror, startTestMirror } from '../../services/mirror/src/_mirror.ts';

const OPERATORS = ['acme', 'beta'];

test('a file is verified from a mirror, and a file that no release claims is unknown', async () => {
  const log = await startLog();
  onTestFinished(() => log[Symbol.asyncDispose]());
  const folder = new Folder();
  onTestFinished(() => folder[Symbol.dispose]());
  const release = aRelease({ artifacts: [anArtifact({ content: utf8Encode('published') })] });
  const { index, leafHash, rebuilders } = await log.scene(undefined, release);
  for (const rebuilder of rebuilders) {
    await log.log(anObservation({ origin: log.config.origin, release, index, leafHash, rebuilder }), rebuilder);
  }
  const prepared = await prepareMirror([{ vkey: log.keys.logVkey, url: log.url }]);
  const mirror = await startTestMirror(prepared, { now: () => BigInt(Math.floor(Date.now() / 1000)) });
  const size = await log.size();
  await eventually(async () => expect(await mirror.size(log.config.origin, ...prepared.vkeys)).toBe(size));
  await log.stop();

  const policy = folder.file(
    'policy',
    [
      'version 1',
      'expires 2099-01-01T00:00:00Z',
      `log ${log.keys.logVkey} ${mirror.prefix(log.config.origin)}`,
      `root ${log.keys.rootVkey}`,
      `witness m1 ${prepared.vkeys[0]}`,
      'quorum m1',
      ...OPERATORS.map((operator) => `operator ${operator}`),
      ...OPERATORS.map((operator) => `rebuilder ${operator}-1 ${operator} linux/amd64 ${testVkey(`${operator}-1`)}`),
      `claimant watch registrar pkg:npm/ ${vkeyOf(REGISTRAR)}`,
      'require 2',
      '',
    ].join('\n'),
  );
  const verify = (content: string) => verbatim(['verify', '--json', '--policy', policy, folder.file('file', content)]);
  const reproduced = await verify('published');
  expect([reproduced.code, JSON.parse(reproduced.stdout).results[0]]).toEqual([
    0,
    expect.objectContaining({ verdict: 'reproduced', completeness: 'complete-and-audited' }),
  ]);
  const unknown = await verify('something else');
  expect([unknown.code, JSON.parse(unknown.stdout).results[0].verdict]).toEqual([1, 'unknown-file']);
});
