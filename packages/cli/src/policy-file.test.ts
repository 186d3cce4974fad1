import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { World, verbatim } from './_world.ts';
import { loadPolicy } from './policy-file.ts';

const NOWHERE = '/nonexistent/policy';

test('the option wins, then VERBATIM_POLICY, then the configuration folder, then the system’s file', () => {
  using world = new World();
  const place = (name: string): string => world.file(name, world.policyText(['require 1']));
  const [option, variable, system] = [place('option'), place('variable'), place('system')];
  mkdirSync(join(world.path, 'xdg/verbatim'), { recursive: true });
  mkdirSync(join(world.path, 'home/.config/verbatim'), { recursive: true });
  const xdg = place('xdg/verbatim/policy');
  const home = place('home/.config/verbatim/policy');
  const env = { VERBATIM_POLICY: variable, XDG_CONFIG_HOME: join(world.path, 'xdg'), HOME: join(world.path, 'home') };
  expect(loadPolicy(option, env, system).path).toBe(option);
  expect(loadPolicy(undefined, env, system).path).toBe(variable);
  expect(loadPolicy(undefined, { ...env, VERBATIM_POLICY: '' }, system).path).toBe(xdg);
  expect(loadPolicy(undefined, { HOME: env.HOME }, system).path).toBe(home);
  expect(loadPolicy(undefined, { HOME: world.path }, system).path).toBe(system);
});

test('without any there is no verdict, and the message says where one could be', () => {
  expect(() => loadPolicy(undefined, { HOME: '/nonexistent' }, NOWHERE)).toThrow(
    /no policy.*--policy.*VERBATIM_POLICY.*\/nonexistent\/\.config\/verbatim\/policy/,
  );
});

test('a file that is named and missing is an error, not a reason to look further', () => {
  using world = new World();
  for (const env of [{ VERBATIM_POLICY: NOWHERE }]) expect(() => loadPolicy(undefined, env, world.policy)).toThrow('does not exist');
  expect(() => loadPolicy(NOWHERE, {}, world.policy)).toThrow('does not exist');
});

test('a policy that cannot be read or used stops the search as well', () => {
  using world = new World();
  mkdirSync(join(world.path, 'verbatim'));
  const env = { XDG_CONFIG_HOME: world.path };
  world.file('verbatim/policy', '');
  expect(() => loadPolicy(undefined, env, world.policy)).toThrow('policy');
  world.file('verbatim/policy', 'require 0\n');
  expect(() => loadPolicy(undefined, env, world.policy)).toThrow('policy');
  world.file('verbatim/policy', Uint8Array.of(0xff, 0xfe));
  expect(() => loadPolicy(undefined, env, world.policy)).toThrow('UTF-8');
  world.file('verbatim/policy', new Uint8Array(1024 * 1024 + 1));
  expect(() => loadPolicy(undefined, env, world.policy)).toThrow('at most');
  expect(() => loadPolicy(world.path, {}, world.policy)).toThrow('cannot read');
});

test('a mistake is reported with the file, the line and the keywords that there are', () => {
  using world = new World();
  const file = world.file('mistaken', `${world.policyText(['require 1'])}requier 2\n`);
  const line = world.policyText(['require 1']).split('\n').length;
  expect(() => loadPolicy(file, {})).toThrow(`${file}: policy line ${line}: unknown keyword "requier"; expected one of log, witness,`);
});

test('no policy, an empty one, require 0 and an expired one are refused by the command with exit code 2', async () => {
  using world = new World();
  const file = world.file('file', 'x');
  const bundle = world.bundle();
  const refused = [
    [],
    ['--policy', world.file('empty', '')],
    ['--policy', world.file('zero', world.policyText(['require 0']))],
    ['--policy', world.file('more', world.policyText(['require 4']))],
    ['--policy', world.file('expired', world.policyText(['require 1'], { expires: '2020-01-01T00:00:00Z' }))],
  ];
  for (const policy of refused) {
    const { code, stdout } = await verbatim(['verify', file, '--offline', '--bundle', bundle, ...policy]);
    expect([policy, code]).toEqual([policy, 2]);
    expect(stdout).toMatch(/^! POLICY ERROR {2}/);
  }
});

test('policy show says in words who is trusted, and prints the pure C2SP part on demand', async () => {
  using world = new World();
  const shown = await verbatim(['policy', 'show', '--policy', world.policy]);
  expect(shown.code).toBe(0);
  expect(shown.stdout).toContain(`Policy ${world.policy}\n`);
  expect(shown.stdout).toContain('at least 2 operators');
  expect(shown.stdout).toContain('registrar watch may claim files of pkg:npm/');
  const tlog = await verbatim(['policy', 'show', '--tlog', '--policy', world.policy]);
  expect(tlog.stdout.split('\n').map((line) => line.split(' ')[0])).toEqual(['log', 'witness', 'quorum', '']);
  const expired = world.file('expired', world.policyText(['require 1'], { expires: '2020-01-01T00:00:00Z' }));
  const late = await verbatim(['policy', 'show', '--policy', expired]);
  expect(late.code).toBe(2);
  expect(late.stderr).toContain('expired');
  chmodSync(expired, 0o600);
});
