#!/usr/bin/env node
// The launcher: plain JavaScript that also Node 20 understands. It finds the Node.js this repository is pinned to, and starts the
// bundle (`npm run build`) or else the sources. Whatever goes wrong here ends in exit code 2, never 0.
// CommonJS, since an ES module that imports node:fs makes Node load everything that has a name there, streams among it.
'use strict';

const { existsSync, mkdirSync, statSync } = require('node:fs');
const nodeModule = require('node:module');
const { dirname, isAbsolute, join } = require('node:path');

const NEEDED = 26;
process.exitCode = process.argv[2] === 'exec' ? 125 : 2;

try {
  start();
} catch (error) {
  fail(error);
}

function start() {
  if (Number.parseInt(process.versions.node, 10) < NEEDED) {
    startWithPinnedNode();
    return;
  }
  enableCompileCache();
  const bundle = join(__dirname, '../dist/verbatim.js');
  if (process.env.VERBATIM_FROM_SOURCE !== '1' && existsSync(bundle)) require(bundle);
  else import('../src/main.ts').catch(fail);
}

// Node's own code for an uncaught error is 1, which here means "not reproduced".
function fail(error) {
  console.error(error);
  process.exit(process.exitCode);
}

/**
 * V8's compile cache is executable code, so it must not lie where others can write: not in the shared /tmp, which is Node's default,
 * but in a folder that belongs to this user alone. Without such a folder there is no cache.
 */
function enableCompileCache() {
  try {
    const base = process.env.XDG_CACHE_HOME || join(process.env.HOME ?? '', '.cache');
    if (!isAbsolute(base)) return;
    const folder = join(base, 'verbatim', 'compiled');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(folder);
    if (process.getuid !== undefined && (uid !== process.getuid() || (mode & 0o022) !== 0)) return;
    nodeModule.enableCompileCache(folder);
  } catch {
    // A read-only or missing home costs some milliseconds, nothing else.
  }
}

function startWithPinnedNode() {
  const { spawn } = require('node:child_process');
  const name = `node-${process.platform}-${process.arch}`;
  let node;
  try {
    node = join(dirname(require.resolve(`${name}/package.json`)), 'bin', 'node');
  } catch {
    console.error(
      `verbatim: needs Node.js ${NEEDED} or later, this is ${process.version}, and the package ${name} with the pinned one is not installed.\n` +
        'Run `npm ci` in the repository (with optional dependencies), or start verbatim with a newer Node.js.',
    );
    return;
  }
  if (process.env.VERBATIM_LAUNCHED === '1') {
    console.error(`verbatim: ${node} is older than Node.js ${NEEDED}; run \`npm ci\` in the repository.`);
    return;
  }
  const child = spawn(node, [__filename, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, VERBATIM_LAUNCHED: '1' },
  });
  const forward = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
  child.on('error', (error) => {
    console.error(`verbatim: could not start ${node}: ${error.message}`);
  });
  child.on('exit', (code, signal) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, forward);
    if (signal !== null) process.kill(process.pid, signal);
    if (code !== null) process.exitCode = code;
  });
}
