import { expect, test } from 'vitest';
import { readable } from './logger.ts';
import { runScript } from './_temporary.ts';

const line = (fields: object): string =>
  JSON.stringify({ level: 30, time: '2026-11-20T10:11:12.345Z', name: 'log', msg: 'ready', ...fields });

test('a readable line has time, level, name, message and the fields', () => {
  expect(readable(line({ size: 5, url: 'http://x' }))).toBe('10:11:12 INFO  log: ready size=5 url="http://x"\n');
});

test('an error is followed by its stack', () => {
  expect(readable(line({ err: { message: 'no', stack: 'Error: no\n    at f' } }))).toBe('10:11:12 INFO  log: ready\nError: no\n    at f\n');
});

test('text from outside cannot forge a line or steer the terminal', () => {
  expect(readable(line({ from: 'a\nb\u001b[2J' }))).toBe('10:11:12 INFO  log: ready from="a\\nb\\u001b[2J"\n');
  expect(readable(line({ msg: 'x\u001b[2J\u009b' }))).toBe('10:11:12 INFO  log: x\\x1b[2J\\x9b\n');
});

test('without a terminal, lines are JSON on stderr, and none is lost by a sudden exit', async () => {
  const child = runScript(`import { createLogger } from './index.ts';
    const logger = createLogger({ name: 'probe' });
    for (let i = 0; i < 500; i++) logger.info({ i }, 'line');
    process.exit(3);`);
  const { code, stdout, stderr } = await child.exited;
  expect([code, stdout]).toEqual([3, '']);
  const lines = stderr
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as { i: number; name: string; msg: string });
  expect(lines.map(({ i }) => i)).toEqual(Array.from({ length: 500 }, (_, i) => i));
  expect(lines[0]).toMatchObject({ name: 'probe', msg: 'line', level: 30 });
});
