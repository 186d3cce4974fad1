/** The attacks, what contains each, and what it is reported as: the table of docs/explanation/hostile-builds.md, which `table.ts` writes. */

export interface Attack {
  readonly name: string;
  /** What its code tries. */
  readonly tries: string;
  readonly contained: string;
  /** `built`: the attack had no effect and the output is the same as without it; else result and reason. */
  readonly reported: string;
}

const BUILT = 'built';

/** Build scripts and procedural macros of test/adversarial/rust: they run any code. */
export const RUST: readonly Attack[] = [
  {
    name: 'network',
    tries: 'TCP, UDP, DNS, abstract and other sockets of the host’s, raw packets, VSOCK to the machine below',
    contained: 'a network namespace with nothing but its own loopback; seccomp refuses families that no namespace keeps apart',
    reported: BUILT,
  },
  {
    name: 'snoop',
    tries: 'the signing key, other jobs’ folders, the shared cache, `/proc` and environments, devices',
    contained: 'a root that holds the inputs only, a PID namespace, an empty environment',
    reported: BUILT,
  },
  {
    name: 'hunt',
    tries: 'a copy of the published file anywhere in sight',
    contained: 'it is gone before the build starts, and no mount leads to where it was',
    reported: BUILT,
  },
  {
    name: 'kernel',
    tries: 'keyrings, io_uring, bpf, perf, userfaultfd, hidden memory, new namespaces, mounts, devices, root, terminals, forged exit codes',
    contained: 'no capability, `no_new_privs`, no user namespaces, seccomp, no descriptor of the supervisor’s',
    reported: BUILT,
  },
  {
    name: 'kill',
    tries: 'to kill every process it may',
    contained: 'a PID namespace: it may kill its own only',
    reported: 'build-failed, exit-code',
  },
  {
    name: 'fork-bomb',
    tries: 'processes without end',
    contained: '`pids.max`, or `RLIMIT_NPROC` in its own user namespace',
    reported: 'build-failed, process-limit',
  },
  {
    name: 'memory',
    tries: 'memory without end, in one process',
    contained: 'the control group’s memory limit, or `RLIMIT_DATA`',
    reported: 'build-failed, memory-limit',
  },
  {
    name: 'memory-spread',
    tries: 'memory without end, a little in each of many processes',
    contained: 'the control group’s memory limit, or the watchdog’s sum over all',
    reported: 'build-failed, memory-limit',
  },
  {
    name: 'memory-disks',
    tries: 'to fill the disks in memory',
    contained: '`/tmp` and `/dev/shm` have a size, the rest is read-only',
    reported: BUILT,
  },
  {
    name: 'spin',
    tries: 'all CPUs for ever',
    contained: 'the control group’s counter, or `/proc`, over all processes; a quota of cores',
    reported: 'timeout, cpu-time',
  },
  { name: 'sleep', tries: 'never to end, deaf to signals', contained: 'the watchdog kills its process 1', reported: 'timeout, wall-time' },
  {
    name: 'disk',
    tries: 'to fill the disk',
    contained: 'the watchdog’s count of its folders; `RLIMIT_FSIZE` for one file',
    reported: 'build-failed, disk-limit',
  },
  {
    name: 'disk-unnamed',
    tries: 'the same with files that have no name any more',
    contained: 'the watchdog counts what its processes hold open',
    reported: 'build-failed, disk-limit',
  },
  {
    name: 'disk-mapped',
    tries: 'the same with files that only a mapping holds',
    contained: 'the watchdog counts what its processes have mapped',
    reported: 'build-failed, disk-limit',
  },
  {
    name: 'disk-files',
    tries: 'empty files without end',
    contained: 'every entry counts as a block',
    reported: 'build-failed, disk-limit',
  },
  {
    name: 'disk-deep',
    tries: 'folders too deep to walk',
    contained: 'what cannot be walked is over the limit; removed without paths',
    reported: 'build-failed, disk-limit',
  },
  {
    name: 'background',
    tries: 'to outlive the build and change the output after it was digested',
    contained: 'all processes die with process 1 before the output is copied to a file of ours',
    reported: BUILT,
  },
  { name: 'output-link', tries: 'a symbolic link as the output', contained: '`O_NOFOLLOW`', reported: 'build-failed, bad-output' },
  {
    name: 'output-twice',
    tries: 'an output that has a second name',
    contained: 'one name is demanded',
    reported: 'build-failed, bad-output',
  },
  {
    name: 'output-fifo',
    tries: 'an output that whoever reads it waits for',
    contained: 'the wall-time limit',
    reported: 'timeout, wall-time',
  },
  { name: 'output-folder', tries: 'a folder as the output', contained: 'a plain file is demanded', reported: 'build-failed, bad-output' },
  { name: 'output-huge', tries: 'a huge output', contained: 'a limit on its size', reported: 'build-failed, bad-output' },
  {
    name: 'output-moved',
    tries: 'another folder in the place of the output’s',
    contained: 'a mount point, in a root that is read-only',
    reported: BUILT,
  },
  {
    name: 'caches',
    tries: 'to write into toolchain, sources, crates and system, to poison the next build',
    contained: 'read-only mounts, another user, no links across mounts; and caches are checked by digest when they are used',
    reported: BUILT,
  },
  {
    name: 'traps',
    tries: 'links, locked folders and odd names for whoever cleans up',
    contained: 'nobody follows links when removing',
    reported: BUILT,
  },
  {
    name: 'escapes',
    tries: 'terminal escapes, bidi overrides and forged lines in the log',
    contained: 'everything invisible is shown as `\\x1b`, `\\u{202e}`',
    reported: 'build-failed, exit-code',
  },
  {
    name: 'flood',
    tries: 'gigabytes of bytes that are no text in the log, from inside the compiler',
    contained: 'head and tail are kept; 64 times the limit ends it',
    reported: 'build-failed, log-limit',
  },
];

/** Go runs no code of a module that it compiles: sources that hurt the compiler, or tell the go command what to do. */
export const GO: readonly Attack[] = [
  {
    name: 'memory',
    tries: 'a variable of a gigabyte of data',
    contained: 'the control group’s memory limit, or `RLIMIT_DATA`',
    reported: 'build-failed, memory-limit',
  },
  {
    name: 'endless',
    tries: 'types that take the compiler for ever',
    contained: 'the CPU-time limit',
    reported: 'timeout, cpu-time',
  },
  {
    name: 'cgo',
    tries: '`#cgo` flags that load a plugin or another linker',
    contained: 'cgo is off, and refused in a recipe',
    reported: 'build-failed, exit-code',
  },
  {
    name: 'generate',
    tries: '`//go:generate` with a shell',
    contained: 'nobody calls go generate, and there is no shell',
    reported: BUILT,
  },
  {
    name: 'embed-link',
    tries: '`//go:embed` of a link within the source',
    contained: 'the go command embeds plain files only',
    reported: 'build-failed, exit-code',
  },
  {
    name: 'embed-outside',
    tries: '`//go:embed` of a file outside of the source',
    contained: 'the go command refuses such patterns; and nothing is there',
    reported: 'build-failed, exit-code',
  },
  {
    name: 'workspace',
    tries: 'a `go.work` that names other folders of the host',
    contained: '`GOWORK=off`: the dependency is missing',
    reported: 'build-failed, exit-code',
  },
  {
    name: 'toolchain',
    tries: 'a `toolchain` line that asks for another go command',
    contained: '`GOTOOLCHAIN=local`, in fetch and build',
    reported: 'input-unavailable, not-a-module',
  },
  {
    name: 'outside',
    tries: 'a `replace` that leads to a folder of the host',
    contained: 'the folder is no module; in the sandbox it is not there',
    reported: 'input-unavailable, not-a-module',
  },
  {
    name: 'vendor',
    tries: 'vendored code that is not what the module’s name says',
    contained: 'it is the commit’s own code: named by its digest, like all of the source',
    reported: BUILT,
  },
  {
    name: 'escapes',
    tries: 'file names with terminal escapes, in the compiler’s messages',
    contained: 'the log shows them as `\\x1b`',
    reported: 'build-failed, exit-code',
  },
];

/** Repositories that whoever fetches them would suffer from, of whatever kind the recipe is. */
export const SOURCES: readonly Attack[] = [
  {
    name: 'link-to-key',
    tries: 'a `go.mod` that is a link to the signing key, which the go command would quote in its error',
    contained: 'no link may lead out of a source',
    reported: 'input-unavailable, unsafe-source',
  },
  {
    name: 'link-to-write',
    tries: 'a `go.sum` that is a link to a file which the go command would write',
    contained: 'no link may lead out of a source',
    reported: 'input-unavailable, unsafe-source',
  },
  {
    name: 'tree-bomb',
    tries: 'a few kilobytes that unpack to a hundred million files',
    contained: 'a commit’s list is counted, bounded, before it is checked out; then inputs are watched like outputs',
    reported: 'input-unavailable, inputs-too-large',
  },
  {
    name: 'copy-in-source',
    tries: 'the published file itself in the source',
    contained: 'no input may have the digest of one of the release’s files or containers',
    reported: 'input-unavailable, artifact-among-inputs',
  },
  {
    name: 'copy-in-dependency',
    tries: 'the published file in a crate that the lockfile names',
    contained: 'every file of every dependency is digested when it is unpacked',
    reported: 'input-unavailable, artifact-among-inputs',
  },
  {
    name: 'copy-as-dependency',
    tries: 'the published container itself as a crate, waiting in the shared cache',
    contained: 'containers are digested too, wherever they come from',
    reported: 'input-unavailable, artifact-among-inputs',
  },
  {
    name: 'manifest-elsewhere',
    tries: 'a dependency in a folder of the node’s, whose `Cargo.toml` cargo would quote in its error',
    contained: 'the client’s sandbox shows it the source and what it is installed as',
    reported: 'input-unavailable, not-a-package',
  },
  {
    name: 'module-elsewhere',
    tries: 'a `replace` that leads to a folder of the node’s, whose `go.mod` the go command would read',
    contained: 'the same sandbox',
    reported: 'input-unavailable, not-a-module',
  },
  {
    name: 'repository-elsewhere',
    tries: 'a dependency in a repository of the host’s, by a file address',
    contained: 'the same sandbox',
    reported: 'input-unavailable, not-a-package',
  },
  {
    name: 'cargo-settings',
    tries: 'a `.cargo/config.toml` and a `rust-toolchain.toml` that name programs to run',
    contained: 'clients run in a folder without settings; and would run such programs in their sandbox',
    reported: 'input-unavailable, bad-lockfile',
  },
  {
    name: 'git-settings',
    tries: 'attributes, filters, hooks and submodules that name programs to run',
    contained: 'git has our settings alone',
    reported: 'fetched',
  },
  {
    name: 'swapped-cache',
    tries: 'another file in the shared cache under a crate’s digest',
    contained:
      'what is taken from a cache is hashed again, forgotten when it is wrong, and the registry’s client asked: it does not know the crate',
    reported: 'input-unavailable, bad-lockfile',
  },
];
