/**
 * Bundles the command into `dist` (`npm run build`). CommonJS, because its loader starts a process faster, and split, so that
 * `verify --offline` loads one file and a half: everything that it needs is in the entry, every other command has chunks of its own.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const folder = fileURLToPath(new URL('.', import.meta.url));
const dist = process.argv[2] ?? join(folder, 'dist');

/** What `verify --offline` always executes. */
const CORE =
  /\/packages\/(tlog|index-map|statements|consensus)\/src\/|\/packages\/cli\/src\/(main|run|io|errors|files|folders|policy-file|verify\/(?!gather|members|extracted)[a-z-]+)\.ts$|\/node_modules\/(@noble|canonicalize)\//;

const NOTHING = '\0nothing';

rmSync(dist, { recursive: true, force: true });
const bundle = await rolldown({
  input: { verbatim: join(folder, 'src/main.ts') },
  platform: 'node',
  // It loads its compiled half from beside its own files.
  external: ['better-sqlite3'],
  plugins: [
    {
      name: 'lean start',
      resolveId(source, importer) {
        // JavaScript's SHA-256 has to be compiled and warmed up first; the process has OpenSSL's anyway.
        if (source === '@noble/hashes/sha2.js') return join(folder, 'src/native-sha2.ts');
        // commander starts other programs for sub-commands that we do not have; loading that (and sockets with it) costs milliseconds.
        if (source === 'node:child_process' && importer?.includes('/commander/')) return NOTHING;
        return null;
      },
      load: (id) => (id === NOTHING ? 'export default {};' : null),
    },
  ],
  // Our own modules do nothing when imported, but for the entry: what is not used is left out, and what it imports with it.
  treeshake: { moduleSideEffects: (id) => !/\/packages\/[^/]+\/src\//.test(id) || id.endsWith('/packages/cli/src/main.ts') },
});
await bundle.write({
  dir: dist,
  format: 'cjs',
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
  // Names stay, for messages and stack traces.
  minify: { compress: true, mangle: false, codegen: true },
  codeSplitting: { groups: [{ name: 'core', test: CORE }] },
});
await bundle.close();
writeFileSync(join(dist, 'package.json'), '{ "type": "commonjs" }\n');
