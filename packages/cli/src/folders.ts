import { isAbsolute, join } from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

/** Where checkpoints and evidence are kept (XDG base directories); null when there is no home, and then nothing is remembered. */
export function stateFolder(env: Env): string | null {
  return folder(env.XDG_STATE_HOME, env.HOME, '.local/state');
}

/** Where verified tiles are kept; may vanish at any time. Null when there is no home. */
export function cacheFolder(env: Env): string | null {
  return folder(env.XDG_CACHE_HOME, env.HOME, '.cache');
}

function folder(named: string | undefined, home: string | undefined, below: string): string | null {
  // The specification says to ignore relative paths.
  if (named !== undefined && isAbsolute(named)) return join(named, 'verbatim');
  return home !== undefined && isAbsolute(home) ? join(home, below, 'verbatim') : null;
}
