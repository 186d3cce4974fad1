/** That no parser and no HTTP route is forgotten: each is fuzzed, or said not to face the network (local-parsers.ts). */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { LOCAL } from './local-parsers.ts';
import { TARGETS } from './targets/index.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** What only a command or a developer runs reads no more of the network than these. */
const SOURCES = '{packages/{tlog,index-map,statements,binaries,consensus,client,builder,service-kit},services/*}/src/**/*.ts';
const PARSER = /^export (?:async )?function\*? ((?:parse|decode|read|open|interpret|extract|split|ask)[A-Z]\w*)/gm;
const ROUTE = /\bapp\.(get|post|put|delete|patch)\(\s*'([^']+)'/g;

const sources = globSync(SOURCES, { cwd: ROOT })
  .filter((file) => !file.endsWith('.test.ts') && !/\/_[^/]*$/.test(file))
  .map((file) => ({ file, owner: file.split('/')[1]!, text: readFileSync(ROOT + file, 'utf8') }));

test('every exported parser is run by a target, or said not to face the network', () => {
  const program = fileURLToPath(new URL('reached.ts', import.meta.url));
  const run = new Set(execFileSync(process.execPath, [program], { encoding: 'utf8', maxBuffer: 1 << 26 }).split('\n'));
  const parsers = sources.flatMap(({ owner, text }) => [...text.matchAll(PARSER)].map(([, name]) => `${owner}/${name}`));
  expect(parsers.length).toBeGreaterThan(100);
  expect(parsers.filter((each) => !run.has(each) && !(each in LOCAL))).toEqual([]);
  // Nothing is said of what is gone, or is run.
  expect(Object.keys(LOCAL).filter((each) => run.has(each) || !parsers.includes(each))).toEqual([]);
});

/** `GET /x/y` of each request that HTTP targets start from. */
const requests = TARGETS.filter(({ name }) => /-(?:http|control)$/.test(name)).flatMap(({ name, seeds, others = [] }) =>
  [...seeds, ...others].map((seed) => {
    const [method, url] = Buffer.from(seed).toString('latin1').split('\n')[0]!.split(' ') as [string, string];
    return { service: name.split('-')[0]!, method, path: url.replace(/\?.*/, '').replace(/^\/index(?=\/)/, '') };
  }),
);

// Metrics are the operator's, on a listener of their own.
test('every HTTP route of a service is among the requests that fuzzing starts from', () => {
  const routes = sources.flatMap(({ file, owner, text }) =>
    file.startsWith('services/')
      ? [...text.matchAll(ROUTE)]
          .map(([, method, path]) => ({ owner, method: method!.toUpperCase(), path: path! }))
          .filter(({ path }) => path !== '/metrics')
      : [],
  );
  expect(routes.length).toBeGreaterThan(15);
  const isAsked = ({ owner, method, path }: (typeof routes)[number]): boolean => {
    const pattern = new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+').replaceAll('*', '.*')}$`);
    return requests.some(
      (request) => (request.service === owner || request.service === 'index') && request.method === method && pattern.test(request.path),
    );
  };
  expect(routes.filter((route) => !isAsked(route)).map(({ owner, method, path }) => `${owner}: ${method} ${path}`)).toEqual([]);
});
