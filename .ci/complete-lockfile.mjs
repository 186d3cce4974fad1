// Names in package-lock.json the optional packages of platforms that a registry did not serve when the lock was made. Without their entries
// `npm ci` (npm 11.19) refuses the lock; with them it installs what fits the platform, by hash, and never asks for the rest.
// Run it after every `npm install`:  node .ci/complete-lockfile.mjs
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const SYSTEMS = new Set(['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'aix', 'win32', 'windows']);
const PROCESSORS = new Set(['arm64', 'x64', 'ia32', 'arm', 'ppc64', 'riscv64', 's390x', 'loong64', 'wasm32']);

/** The entry that a package at `from` gets when it asks for `name`, looked up folder by folder as Node does. */
function resolve(from, name) {
  for (let folder = from; ; folder = folder.includes('/node_modules/') ? folder.slice(0, folder.lastIndexOf('/node_modules/')) : '') {
    const found = lock.packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`];
    if (found || folder === '') return found;
  }
}

let added = 0;
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const found = resolve(path, name);
    if (found && (found.version === version || !/^\d/.test(version))) continue;
    const words = name.split(/[/-]/);
    const os = words.find((word) => SYSTEMS.has(word));
    const cpu = words.find((word) => PROCESSORS.has(word));
    if (os === undefined && cpu !== 'wasm32') throw new Error(`${name} ${version} is missing, and its name tells no platform`);
    lock.packages[`${found ? `${path}/` : ''}node_modules/${name}`] = {
      version,
      ...(cpu && { cpu: [cpu] }),
      ...(dev && { dev }),
      optional: true,
      ...(os && { os: [os === 'windows' ? 'win32' : os] }),
    };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} entries added`);
