/**
 * What a sandbox may not ask of the kernel: what no namespace keeps apart, what hides memory from those who count it, and interfaces that no
 * compiler needs and many exploits did. One classic BPF program (seccomp(2)) for amd64 and arm64 alike, because the sandbox's programs need not
 * be of the architecture that this process is of. A refused call answers as a kernel without it would: ENOSYS, or EAFNOSUPPORT for a socket.
 */

type Arch = 'amd64' | 'arm64';

/** AUDIT_ARCH_* (linux/audit.h). */
const AUDIT_ARCH: Readonly<Record<Arch, number>> = { amd64: 0xc000003e, arm64: 0xc00000b7 };

/** Numbers by architecture (asm/unistd.h). */
export const REFUSED: Readonly<Record<string, Readonly<Record<Arch, number>>>> = {
  // A session's keyring is inherited, through every namespace.
  add_key: { amd64: 248, arm64: 217 },
  request_key: { amd64: 249, arm64: 218 },
  keyctl: { amd64: 250, arm64: 219 },
  // Does what it is told in kernel threads, sockets included, where no filter looks.
  io_uring_setup: { amd64: 425, arm64: 425 },
  io_uring_enter: { amd64: 426, arm64: 426 },
  io_uring_register: { amd64: 427, arm64: 427 },
  // Memory of no process, which nobody without control groups can count.
  memfd_create: { amd64: 319, arm64: 279 },
  memfd_secret: { amd64: 447, arm64: 447 },
  shmget: { amd64: 29, arm64: 194 },
  // The host's kernel: its log, its counters, programs in it, and pages faults that wait for as long as one likes.
  syslog: { amd64: 103, arm64: 116 },
  perf_event_open: { amd64: 298, arm64: 241 },
  bpf: { amd64: 321, arm64: 280 },
  userfaultfd: { amd64: 323, arm64: 282 },
};

/** Their first argument is an address family. */
const SOCKETS: Readonly<Record<'socket' | 'socketpair', Readonly<Record<Arch, number>>>> = {
  socket: { amd64: 41, arm64: 198 },
  socketpair: { amd64: 53, arm64: 199 },
};

/**
 * The families that a network namespace keeps apart: AF_UNIX, AF_INET, AF_INET6, AF_NETLINK. AF_VSOCK is not among them: it would reach the
 * machine that this virtual machine runs on.
 */
export const FAMILIES = [1, 2, 10, 16] as const;

/** With the host's network its abstract sockets are in reach, and who listens there believes whoever can connect: a pair of one's own must do. */
export const NETWORK_FAMILIES = { socket: FAMILIES.filter((family) => family !== 1), socketpair: FAMILIES } as const;

/** From here on amd64 has the calls of the x32 ABI, under numbers of their own. */
const X32 = 0x40000000;

const ENOSYS = 38;
const EAFNOSUPPORT = 97;

/** struct seccomp_data: the number, the architecture, and the low half of the first argument, of which the kernel takes no more (int). */
const OFFSET = { number: 0, architecture: 4, firstArgument: 16 } as const;

/** BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_JMP|BPF_JGE|BPF_K, BPF_RET|BPF_K (linux/filter.h). */
const CODE = { load: 0x20, equal: 0x15, atLeast: 0x35, end: 0x06 } as const;
const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;

/** struct sock_filter: `yes` and `no` count the instructions to skip. */
interface Instruction {
  readonly code: number;
  readonly yes: number;
  readonly no: number;
  readonly value: number;
}

const load = (offset: number): Instruction => ({ code: CODE.load, yes: 0, no: 0, value: offset });
const end = (value: number): Instruction => ({ code: CODE.end, yes: 0, no: 0, value });
/** `then`, which ends, if what is loaded is `value`. */
const ifEqual = (value: number, then: readonly Instruction[]): Instruction[] => [
  { code: CODE.equal, yes: 0, no: then.length, value },
  ...then,
];
const refuse = (errno: number): Instruction => end(ERRNO | errno);

function onArchitecture(arch: Arch, network: boolean): Instruction[] {
  const allowed = network ? NETWORK_FAMILIES : { socket: FAMILIES, socketpair: FAMILIES };
  const family = (families: readonly number[]): Instruction[] => [
    load(OFFSET.firstArgument),
    ...families.flatMap((each) => ifEqual(each, [end(ALLOW)])),
    refuse(EAFNOSUPPORT),
  ];
  return [
    load(OFFSET.number),
    { code: CODE.atLeast, yes: 0, no: 1, value: X32 },
    refuse(ENOSYS),
    ...Object.values(REFUSED).flatMap((number) => ifEqual(number[arch], [refuse(ENOSYS)])),
    ...(['socket', 'socketpair'] as const).flatMap((call) => ifEqual(SOCKETS[call][arch], family(allowed[call]))),
    end(ALLOW),
  ];
}

/**
 * The program, as bubblewrap's --seccomp reads it. Calls of other architectures (32-bit ones of the same processor) are all refused.
 * @param network whether the sandbox is in the host's network namespace
 */
export function seccompProgram(network = false): Buffer {
  const instructions = [
    load(OFFSET.architecture),
    ...(['amd64', 'arm64'] as const).flatMap((arch) => ifEqual(AUDIT_ARCH[arch], onArchitecture(arch, network))),
    refuse(ENOSYS),
  ];
  const bytes = Buffer.alloc(instructions.length * 8);
  for (const [index, { code, yes, no, value }] of instructions.entries()) {
    const at = index * 8;
    // Both architectures are little-endian where Linux runs Node on them.
    bytes.writeUInt16LE(code, at);
    bytes.writeUInt8(yes, at + 2);
    bytes.writeUInt8(no, at + 3);
    bytes.writeUInt32LE(value, at + 4);
  }
  return bytes;
}
