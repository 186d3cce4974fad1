import { EXIT_CODES, VERDICTS } from '@verbatim/consensus';
import type { Verdict, VerdictKind } from '@verbatim/consensus';
import { contentOf } from '@verbatim/testkit';
import { vkeyOf } from '@verbatim/tlog/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkedOutput } from '../_schema.ts';
import { World } from '../_world.ts';
import { CliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { run } from '../run.ts';
import { STAGES } from './stages.ts';
import type { Stages } from './stages.ts';
import { VerdictError } from './trouble.ts';
import { verify } from './verify.ts';
import type { VerifyOptions } from './verify.ts';

class Recorder implements Io {
  stdout = '';
  stderr = '';
  readonly env = {};
  readonly colour = false;
  out(text: string): void {
    this.stdout += text;
  }
  err(text: string): void {
    this.stderr += text;
  }
  now(): Date {
    return new Date();
  }
}

let world: World;
let file: string;
let options: VerifyOptions;

beforeAll(() => {
  world = new World();
  world.scene.observe(0);
  world.scene.observe(1);
  file = world.file('esbuild', contentOf('linux-x64/bin/esbuild'));
  options = { policy: world.policy, bundle: world.bundle(), offline: true };
});
afterAll(() => world[Symbol.dispose]());

async function exitCode(stages: Partial<Stages>, more: Partial<VerifyOptions> = {}): Promise<number> {
  const io = new Recorder();
  const code = await verify([file], { ...options, ...more, json: true }, io, { ...STAGES, ...stages });
  const output = checkedOutput(io.stdout);
  expect(output.exitCode).toBe(code);
  return code;
}

const boom = (): never => {
  throw new TypeError('nobody foresaw this');
};

describe('an exception in any stage', () => {
  test('without one, the file is reproduced', async () => {
    expect(await exitCode({})).toBe(0);
  });

  test.each(['loadPolicy', 'hashFile', 'gather', 'evaluate'] as const)('in %s ends in 2, never in 0', async (stage) => {
    expect(await exitCode({ [stage]: boom })).toBe(2);
    expect(
      await exitCode({
        [stage]: () => {
          // eslint-disable-next-line no-throw-literal
          throw undefined;
        },
      }),
    ).toBe(2);
  });

  test('in gather ends in 2 as well when it is thrown later', async () => {
    expect(await exitCode({ gather: async () => boom() })).toBe(2);
    expect(await exitCode({ gather: () => Promise.reject(new Error()) })).toBe(2);
  });

  test.each(['readWhole', 'readMembers'] as const)('in %s ends in 2 when a member is asked for', async (stage) => {
    expect(await exitCode({ [stage]: boom }, { member: 'package/bin/esbuild' })).toBe(2);
  });

  test('in saving the bundle ends in 2: what was asked for was not done', async () => {
    const { bundle: _bundle, offline: _offline, ...online } = options;
    const io = new Recorder();
    const stages = {
      ...STAGES,
      gather: (request: Parameters<Stages['gather']>[0]) => STAGES.gather({ ...request, bundle: options.bundle }),
      saveBundle: boom,
    };
    expect(await verify([file], { ...online, saveBundle: '/tmp/never-written', json: true }, io, stages)).toBe(2);
    expect(checkedOutput(io.stdout).results[0]?.verdict).toBe('policy-error');
  });

  test('in printing ends in 2', async () => {
    const io = new Recorder();
    io.out = boom;
    const args = ['verify', file, '--offline', '--policy', options.policy!, '--bundle', options.bundle!];
    expect(await run(args, io)).toBe(2);
    expect(await run([...args, '--json'], io)).toBe(2);
    expect(await run([...args, '--quiet'], io)).toBe(0);
  });

  test('in the clock ends in 2', async () => {
    const io = new Recorder();
    io.now = boom;
    expect(await verify([file], options, io)).toBe(2);
  });

  test('that says what it means for the file is believed, but it cannot mean reproduced', async () => {
    const codes = { 'log-misbehaviour': 1, unavailable: 4, 'policy-error': 2 } as const;
    for (const [verdict, code] of Object.entries(codes)) {
      const gather = () => Promise.reject(new VerdictError(verdict as keyof typeof codes, 'fork', 'two histories'));
      expect(await exitCode({ gather })).toBe(code);
    }
    expect(await exitCode({ gather: () => Promise.reject(new CliError('file', 'x')) })).toBe(2);
  });
});

describe('a verdict that nobody knows', () => {
  test('is an error, also among good ones', async () => {
    const evaluate: Stages['evaluate'] = (question) => ({ ...STAGES.evaluate(question), verdict: 'splendid' as VerdictKind, exitCode: 0 });
    const io = new Recorder();
    expect(await run(['verify', file], io)).not.toBe(0);
    expect(await verify([file], { ...options, quiet: true }, io, { ...STAGES, evaluate })).toBe(2);
  });

  test('and an exit code that the evaluation made up is not used', async () => {
    const evaluate: Stages['evaluate'] = (question) => ({ ...STAGES.evaluate(question), verdict: 'insufficient', exitCode: 0 });
    expect(await exitCode({ evaluate })).toBe(3);
  });
});

describe.each(Object.keys(VERDICTS) as VerdictKind[])('the verdict %s', (kind) => {
  test('has its exit code alone, and the worst decides beside others', async () => {
    const evaluate: Stages['evaluate'] = (question) => fake(STAGES.evaluate(question), kind);
    expect(await exitCode({ evaluate })).toBe(EXIT_CODES[kind]);
    let first = true;
    const mixed: Stages['evaluate'] = (question) => {
      const judged = fake(STAGES.evaluate(question), first ? kind : 'reproduced');
      first = false;
      return judged;
    };
    const io = new Recorder();
    expect(await verify([file, file], options, io, { ...STAGES, evaluate: mixed })).toBe(EXIT_CODES[kind]);
  });
});

function fake(judged: Verdict, verdict: VerdictKind): Verdict {
  return { ...judged, verdict, exitCode: EXIT_CODES[verdict] };
}

describe('asking rebuilders', () => {
  const asked = { askRebuilders: true, offline: false };

  test('whom the policy gives no address is said to be asked nothing', async () => {
    const io = new Recorder();
    expect(await verify([file], { ...options, ...asked }, io)).toBe(0);
    expect(io.stdout).toContain('nobody was asked');
  });

  test('who does not answer, or with anything that says nothing, changes nothing; a failure of ours ends in 2', async () => {
    const [first] = world.scene.rebuilders;
    const text = world.read(world.policy).replace(vkeyOf(first!), `${vkeyOf(first!)} http://127.0.0.1:9`);
    const more = { ...asked, policy: world.file('asked', text) };
    const answer = { rebuilder: 'acme-1', entries: [new Uint8Array([1])], trouble: 'gone' };
    expect(await exitCode({ askRebuilders: async () => [answer] }, more)).toBe(0);
    expect(await exitCode({}, more)).toBe(0);
    expect(await exitCode({ askRebuilders: boom }, more)).toBe(2);
  });
});

describe('usage errors', () => {
  test.each<[string, readonly string[], Partial<VerifyOptions>]>([
    ['no file', [], {}],
    ['standard input twice', ['-', '-'], {}],
    ['a member of two files', ['a', 'b'], { member: 'x' }],
    ['a release without version', ['a'], { release: 'pkg:npm/esbuild' }],
    ['a release that is not canonical', ['a'], { release: 'pkg:NPM/esbuild@1' }],
    ['json and quiet', ['a'], { quiet: true }],
    ['rebuilders to be asked without sockets', ['a'], { askRebuilders: true }],
  ])('%s', async (_what, files, more) => {
    const io = new Recorder();
    expect(await verify(files, { ...options, ...more, json: true }, io)).toBe(2);
    expect(checkedOutput(io.stdout).errors[0]?.code).toBe('usage');
  });

  test('offline without a bundle', async () => {
    const io = new Recorder();
    expect(await verify([file], { policy: world.policy, offline: true }, io)).toBe(2);
    expect(io.stdout).toContain('--bundle');
  });

  test.each([[[]], [['verify', '--no-such-option']], [['no-such-command']], [['log', 'admin']], [['keygen']], [['help', 'nothing']]])(
    '%j ends in 2',
    async (args) => {
      expect(await run(args, new Recorder())).toBe(2);
    },
  );

  test('of exec end in 125, for 2 could be the program’s', async () => {
    for (const args of [
      ['exec'],
      ['exec', '--release', 'x', 'y'],
      ['exec', '--nothing'],
      ['exec', '--release', 'pkg:npm/x@1', '/nonexistent'],
    ]) {
      expect(await run(args, new Recorder())).toBe(125);
    }
  });

  test('help ends in 0 and names every exit code', async () => {
    const io = new Recorder();
    expect(await run(['verify', '--help'], io)).toBe(0);
    for (const kind of Object.keys(VERDICTS)) expect(io.stdout).toContain(kind);
    for (const args of [['--help'], ['help'], ['help', 'verify'], ['recipe', 'infer', '--help']]) expect(await run(args, io)).toBe(0);
  });
});
