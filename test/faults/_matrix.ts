/** One service, hit by one fault after the other, each followed by a restart and a look at everything that it ever promised. */
import { type Call, type Fault, inject, record } from './_strace.ts';

/** A service of its own process, with what faults need to know of it. */
export interface Subject extends AsyncDisposable {
  /** Where it works with files: SQLite is on the main thread, pools have one thread, so that the calls of each have an order. */
  readonly threads: readonly string[];
  readonly pid: number;
  /** What it can be made to do. `stop` is SIGTERM, and leaves it ended. */
  readonly loads: readonly string[];
  /** How often a load that is a call or two shorter than the recorded one is done again. */
  readonly maxLoads: number;
  /** Entries, observations or sizes that it ever acknowledged. */
  readonly acknowledged: number;
  /** Kind of path, such as `tile` or `log.db-wal`; null for what is none of its files. */
  kindOf(path: string): string | null;
  /** So that the load does the same each time. */
  prepare(load: string): Promise<void>;
  /** Until the answer, or until the service is gone. `hit` tells whether the fault has come: an answer may never. */
  load(load: string, hit: () => boolean): Promise<void>;
  /**
   * Brings it back and holds it to its promises; throws when one is broken. Says how the process ended, or that it went on.
   *
   * @param restart whether one that goes on is killed and started again
   */
  recover(restart: boolean): Promise<string>;
}

/** A call to let fail, with what brings it about. */
export interface Site extends Call {
  readonly load: string;
  readonly kind: string;
}

/** The call did not come again: pages that SQLite has in its cache by now, say. */
export class NotReachedError extends Error {}

export interface Hit {
  readonly site: Site;
  readonly fault: Fault;
  /** How the process ended, or that it went on. */
  readonly outcome: string;
}

/** What SQLite does is counted on its file: other files of that thread are sockets, whose calls nobody can count. */
const isDatabase = (kind: string): boolean => /\.(?:db|sqlite)(?:-\w+)?$/.test(kind);

/** Everything that the service does with its files under one load, in order. */
export async function sitesOf(subject: Subject, load: string): Promise<Site[]> {
  await subject.prepare(load);
  const calls = await record(subject.pid, subject.threads, () => subject.load(load, () => false));
  await subject.recover(false);
  return calls.flatMap((call) => {
    const kind = subject.kindOf(call.path);
    // The pool's writes are counted together with those that wake other threads up, whose number is nobody's.
    const countable = call.thread !== 'libuv-worker' || call.name !== 'write';
    // The lock is an empty file: holding it is what matters, and each service has a test with two processes.
    return kind === null || kind.includes('.lock') || !countable ? [] : [{ ...call, load, kind }];
  });
}

/**
 * Lets one call fail, and holds the service to its promises: it has stopped or goes on, and a restart finds everything that it acknowledged.
 *
 * @param thorough whether a service that went on is started again as well, and the call may be on another kind of path than expected: what was hit is told
 */
export async function strike(subject: Subject, site: Site, fault: Fault, thorough = false): Promise<Hit> {
  await subject.prepare(site.load);
  const armed = await inject(subject.pid, site, fault, isDatabase(site.kind));
  const isHit = (): boolean => armed.hit() !== null;
  try {
    const times = site.load === 'stop' ? 1 : subject.maxLoads;
    for (let i = 0; i < times && !isHit(); i++) await subject.load(site.load, isHit);
  } finally {
    await armed.disarm();
  }
  const outcome = await subject.recover(thorough);
  const hit = armed.hit();
  const kind = hit === null ? null : subject.kindOf(hit.path);
  if (thorough ? hit === null : kind !== site.kind)
    throw new NotReachedError(`expected ${fault} at ${describe(site)}; it came at ${hit === null ? 'nothing' : hit.path}`);
  return { site: { ...site, kind: kind ?? 'none of its files' }, fault, outcome };
}

export function describe({ thread, name, nth, kind, load }: Site): string {
  return `${name} ${nth} of ${kind} (${thread}, ${load})`;
}

/** The first of each call on each kind of path. */
export function distinct(sites: readonly Site[]): Site[] {
  const found = new Map<string, Site>();
  for (const site of sites) {
    const key = `${site.thread} ${site.name} ${site.kind}`;
    if (!found.has(key)) found.set(key, site);
  }
  return [...found.values()];
}

/** Calls that may need room. */
const NEEDS_ROOM = new Set(['openat', 'mkdir', 'link', 'rename', 'write', 'pwrite64', 'ftruncate', 'fsync', 'fdatasync']);

/** The faults that a call can meet: a folder that is opened to be synced needs no room. */
export function faultsOf({ name, kind }: Site): Fault[] {
  const full = NEEDS_ROOM.has(name) && !kind.startsWith('folder');
  return full ? ['SIGKILL', 'EIO', 'ENOSPC'] : ['SIGKILL', 'EIO'];
}
