/**
 * The verifying packages as a browser gets them: bundled for one, and run in a context of their own that has no Node in it, only the
 * globals of the web. No browser is started: the engine is Node's, the code and what it can reach are a browser's.
 */
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { rolldown } from 'rolldown';

export interface Browser {
  readonly tlog: typeof import('@verbatim/tlog');
  readonly indexMap: typeof import('@verbatim/index-map');
  readonly consensus: typeof import('@verbatim/consensus');
  /** Every module that the bundle asks its surroundings for: none. */
  readonly imports: readonly string[];
}

const ENTRY = '\0entry';
const PACKAGES = { tlog: '@verbatim/tlog', indexMap: '@verbatim/index-map', consensus: '@verbatim/consensus' };
/** What a page has and a bare engine has not. */
const WEB_GLOBALS = { TextEncoder, TextDecoder, URL, atob, btoa };

async function build(): Promise<Browser> {
  const bundle = await rolldown({
    input: ENTRY,
    platform: 'browser',
    // From here: packages are found by name.
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    plugins: [
      {
        name: 'entry',
        resolveId: (source, importer) => {
          if (source === ENTRY) return ENTRY;
          return importer === ENTRY ? fileURLToPath(import.meta.resolve(source)) : null;
        },
        load: (id) =>
          id === ENTRY
            ? Object.entries(PACKAGES)
                .map(([name, from]) => `export * as ${name} from '${from}';`)
                .join('\n')
            : null,
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'iife', name: 'verbatim' });
  await bundle.close();
  const [chunk, ...more] = output;
  if (more.length > 0) throw new Error(`expected one file, found ${output.length}`);
  const context = createContext({ ...WEB_GLOBALS });
  // The newest engines have base64 of their own; what the others do must be right too.
  runInContext('delete Uint8Array.fromBase64; delete Uint8Array.prototype.toBase64;', context);
  const packages = runInContext(`${chunk.code}\nverbatim;`, context) as Omit<Browser, 'imports'>;
  return { ...packages, imports: [...chunk.imports, ...chunk.dynamicImports] };
}

export const browser: Browser = await build();
