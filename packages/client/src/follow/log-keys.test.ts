import { InMemoryLog, testSigner } from '@verbatim/testkit';
import { signNote, utf8Encode } from '@verbatim/tlog';
import { expect, test } from 'vitest';
import { logPart } from './log-keys.ts';

test('of a checkpoint every line with the log’s name is kept, by whatever key, and nobody else’s', () => {
  const log = new InMemoryLog();
  log.add(utf8Encode('entry 0'));
  const text = new TextDecoder().decode(log.checkpoint()).split('\n\n')[0]!;
  const [own, later, other] = [testSigner(log.origin), testSigner(log.origin, 'later'), testSigner('other.example')];
  expect(logPart(signNote(`${text}\n`, [other, own, later]), log.origin)).toEqual(signNote(`${text}\n`, [own, later]));
});
